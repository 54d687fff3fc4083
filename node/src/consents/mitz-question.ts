import type { OrganisationCategory } from '@twiin/consent'
import type { ConsentQuestion } from './consent-source.ts'

/** What a question says besides who asks for whom: codes of Mitz, from the settings. */
export interface MitzCodes {
  /** Care provider types (RoleCodeNL, 2.16.840.1.113883.2.4.15.1060). */
  readonly facilityTypes: Readonly<Record<OrganisationCategory, string>>
  /** Of a radiologist (2.16.840.1.113883.2.4.15.111). */
  readonly roleCode: string
  /** What is asked for (2.16.840.1.113883.2.4.3.111.5.10.1). */
  readonly dataCategory: string
}

export interface MitzHolder {
  readonly ura: string
  readonly category: OrganisationCategory
}

const facilitySystem = '2.16.840.1.113883.2.4.15.1060'
const organisationRoot = '2.16.528.1.1007.3.3'
const citizenRoot = '2.16.840.1.113883.2.4.6.3'

/**
 * The closed question as XACML 3.0 in SOAP 1.2 (OASIS XACML 3.0 §5.42, SAML profile; IHE APPC for the names of
 * attributes): may this organisation have data of this patient from us?
 */
export function mitzQuestion(
  question: ConsentQuestion,
  holder: MitzHolder,
  codes: MitzCodes,
  envelope: { messageId: string; to: string },
): string {
  const { bsn, requester, basis } = question
  const resource = [
    identifier('urn:oasis:names:tc:xacml:2.0:resource:resource-id', citizenRoot, bsn),
    code(
      'urn:ihe:iti:appc:2016:document-entry:healthcare-facility-type-code',
      facilitySystem,
      codes.facilityTypes[holder.category],
    ),
    identifier('urn:ihe:iti:appc:2016:author-institution:id', organisationRoot, holder.ura),
  ]
  const action = [
    code(
      'urn:ihe:iti:appc:2016:document-entry:event-code',
      '2.16.840.1.113883.2.4.3.111.5.10.1',
      codes.dataCategory,
    ),
  ]
  const subject = [
    code('urn:oasis:names:tc:xacml:2.0:subject:role', '2.16.840.1.113883.2.4.15.111', codes.roleCode),
    identifier('urn:nl:otv:names:tc:1.0:subject:provider-institution', organisationRoot, requester.ura),
    code(
      'urn:nl:otv:names:tc:1.0:subject:consulting-healthcare-facility-type-code',
      facilitySystem,
      codes.facilityTypes[requester.category],
    ),
  ]
  const environment = [
    code(
      'urn:oasis:names:tc:xspa:1.0:subject:purposeofuse',
      '2.16.840.1.113883.1.11.20448',
      basis === 'emergency' ? 'ETREAT' : 'TREAT',
    ),
  ]
  const categories = [
    attributes('urn:oasis:names:tc:xacml:3.0:attribute-category:resource', resource),
    attributes('urn:oasis:names:tc:xacml:3.0:attribute-category:action', action),
    attributes('urn:oasis:names:tc:xacml:1.0:subject-category:access-subject', subject),
    attributes('urn:oasis:names:tc:xacml:3.0:attribute-category:environment', environment),
  ]
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>' +
    '<a:Action>XACMLAuthorizationDecisionQueryRequest</a:Action>' +
    `<a:MessageID>urn:uuid:${escape(envelope.messageId)}</a:MessageID>` +
    '<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>' +
    `<a:To>${escape(envelope.to)}</a:To></s:Header><s:Body>` +
    '<q:XACMLAuthzDecisionQuery xmlns:q="urn:oasis:names:tc:xacml:3.0:profile:saml2.0:v2:schema:protocol:wd-14">' +
    '<Request xmlns="urn:oasis:names:tc:xacml:3.0:core:schema:wd-17" CombinedDecision="false" ReturnPolicyIdList="false">' +
    `${categories.join('')}</Request></q:XACMLAuthzDecisionQuery></s:Body></s:Envelope>`
  )
}

const attributes = (category: string, of: readonly string[]) =>
  `<Attributes Category="${category}">${of.join('')}</Attributes>`

const attribute = (id: string, type: string, value: string) =>
  `<Attribute AttributeId="${id}" IncludeInResult="false"><AttributeValue DataType="urn:hl7-org:v3#${type}">${value}</AttributeValue></Attribute>`

const identifier = (id: string, root: string, extension: string) =>
  attribute(
    id,
    'II',
    `<InstanceIdentifier xmlns="urn:hl7-org:v3" root="${root}" extension="${escape(extension)}"/>`,
  )

const code = (id: string, system: string, value: string) =>
  attribute(id, 'CV', `<CodedValue xmlns="urn:hl7-org:v3" code="${escape(value)}" codeSystem="${system}"/>`)

const escape = (text: string) =>
  text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`).replace(/[^\x20-\x7e]/g, '')
