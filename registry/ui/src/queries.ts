import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useInterval } from '@twiin/ui-kit'
import { api } from './api.ts'
import { keys } from './query-keys.ts'

/** Asked again by itself: seldom while the registry tells what changed. */
function useAsked<T>(queryKey: readonly string[], queryFn: () => Promise<T>) {
  return useQuery({ queryKey, queryFn, refetchInterval: useInterval() })
}

export const useApplications = () => useAsked(keys.applications, api.applications)
export const useCertificates = () => useAsked(keys.certificates, api.certificates)
export const useRequests = () => useAsked(keys.requests, api.requests)
export const useReviews = () => useAsked(keys.reviews, api.reviews)
export const useOrganisations = () => useAsked(keys.organisations, api.organisations)
export const useNetwork = () => useAsked(keys.network, api.network)

const publicMs = 60_000
const simulatedMs = 1000
const logMs = 15_000

/** For everybody. Every second while a simulation plays, else once a minute. */
export const useStatistics = () =>
  useQuery({
    queryKey: keys.statistics,
    queryFn: api.statistics,
    refetchInterval: ({ state }) => (state.data?.simulation?.running === true ? simulatedMs : publicMs),
  })

/** For everybody; whoever is logged in hears of changes at once. */
export const useLogState = () =>
  useQuery({ queryKey: [...keys.log, 'state'], queryFn: api.logState, refetchInterval: logMs })

export const useDirectory = () =>
  useQuery({
    queryKey: keys.directory,
    queryFn: async () => (await api.directory()).organisations,
    refetchInterval: publicMs,
  })

/** Names of members by peer ID: most lines of the ledger say no more than that. */
export function useMemberNames(): ReadonlyMap<string, string> {
  const { data } = useQuery({ queryKey: keys.bundle, queryFn: api.bundle, staleTime: publicMs })
  return new Map(data?.members.map(({ peerId, name }) => [peerId, name]))
}

export function useLookAgain() {
  const client = useQueryClient()
  return (...old: readonly (readonly string[])[]) => {
    for (const queryKey of old) void client.invalidateQueries({ queryKey })
  }
}
