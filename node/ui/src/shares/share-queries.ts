import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useInterval } from '@twiin/ui-kit'
import type { Share, ShareOrder } from '../api-types-shares.ts'
import { keys } from '../query-keys.ts'
import { shareCalls } from './share-calls.ts'

const isMoving = ({ state, mail }: Share) => state === 'preparing' || (state === 'open' && mail === 'waiting')
const soon = 1000

export function useShares() {
  const every = useInterval()
  return useInfiniteQuery({
    queryKey: keys.shares,
    queryFn: ({ pageParam }) => shareCalls.list(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ shares }) => shares.some(isMoving)) ? soon : every,
  })
}

/** One, with its history. */
export function useShare(id: string) {
  const every = useInterval()
  return useQuery({
    queryKey: [...keys.shares, id],
    queryFn: () => shareCalls.share(id),
    refetchInterval: ({ state }) => (state.data === undefined || isMoving(state.data) ? soon : every),
  })
}

export const useOffers = () =>
  useQuery({ queryKey: ['share-offers'], queryFn: shareCalls.offers, staleTime: 60_000 })

/** What would be sent and when it would open. Not kept: it may name an address. */
export const useSharePreview = (order: ShareOrder, isOn: boolean) =>
  useQuery({
    queryKey: ['share-preview', order],
    queryFn: () => shareCalls.preview(order),
    enabled: isOn,
    gcTime: 0,
    staleTime: Infinity,
    placeholderData: (before) => before,
  })
