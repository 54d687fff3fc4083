import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useInterval } from '@twiin/ui-kit'
import { api } from './api.ts'
import type { PatientSearch, Transfer } from './api-types.ts'
import { keys } from './query-keys.ts'

export const useSearch = (id: string | undefined) => {
  const every = useInterval()
  return useQuery({
    queryKey: keys.search(id ?? ''),
    queryFn: () => api.search(id ?? ''),
    enabled: id !== undefined,
    // Asked in time even if an event was missed: holders answer within seconds.
    refetchInterval: ({ state }: { state: { data: PatientSearch | undefined } }) =>
      state.data?.complete === false ? Math.min(every, 1500) : false,
  })
}

const isUnderWay = ({ state }: Transfer) => state === 'queued' || state === 'running'

export function useTransfers() {
  const every = useInterval()
  return useInfiniteQuery({
    queryKey: keys.transfers,
    queryFn: ({ pageParam }) => api.transfers(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ transfers }) => transfers.some(isUnderWay)) ? Math.min(every, 2000) : every,
  })
}

export function useStudies() {
  return useInfiniteQuery({
    queryKey: keys.studies,
    queryFn: ({ pageParam }) => api.studies(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: useInterval(),
  })
}

export function useExceptions(enabled = true) {
  return useQuery({
    queryKey: keys.exceptions,
    queryFn: async () => (await api.exceptions()).exceptions,
    refetchInterval: useInterval(),
    enabled,
  })
}

export function useEmergencies() {
  return useInfiniteQuery({
    queryKey: keys.emergencies,
    queryFn: ({ pageParam }) => api.emergencies(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: useInterval(),
  })
}

export const useMembers = () =>
  useQuery({
    queryKey: keys.members,
    queryFn: async () => (await api.members()).members,
    refetchInterval: 15_000,
  })

export const useStatus = () =>
  useQuery({ queryKey: keys.status, queryFn: api.status, refetchInterval: 10_000 })

/** The newest retrieval of each study at each holder: what its row on the timeline shows. */
export function useRetrievals(): Map<string, Transfer> {
  const { data } = useTransfers()
  const newest = new Map<string, Transfer>()
  for (const transfer of data?.pages.flatMap(({ transfers }) => transfers) ?? []) {
    if (transfer.kind !== 'retrieval') continue
    const key = rowKey(transfer.studyInstanceUids[0] ?? null, transfer.counterparty.ura)
    const known = newest.get(key)
    if (known === undefined || known.createdAt < transfer.createdAt) newest.set(key, transfer)
  }
  return newest
}

export const rowKey = (studyInstanceUid: string | null, holder: string) =>
  `${studyInstanceUid ?? ''}@${holder}`

export function useLookAgain() {
  const client = useQueryClient()
  return (queryKey: readonly string[]) => void client.invalidateQueries({ queryKey })
}
