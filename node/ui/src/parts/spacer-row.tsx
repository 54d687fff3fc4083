/** As high as the rows that are not drawn. */
export function SpacerRow({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null
  return (
    <tbody className="spacer" aria-hidden>
      <tr>
        <td colSpan={columns} style={{ blockSize: height }} />
      </tr>
    </tbody>
  )
}
