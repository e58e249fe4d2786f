package api

import "customerhub/internal/connector/rest"

// Candidate is a company that waits for its first assessment (contract section 3.2).
type Candidate struct {
	ID            Text         `json:"id"`
	State         Text         `json:"state"`
	BusinessID    Text         `json:"businessId"`
	Name          Text         `json:"name"`
	ContactPerson PersonIfTold `json:"contactPerson"`
	Source        Source       `json:"source"`
	UpdatedAt     Text         `json:"updatedAt"`
	ETag          Text         `json:"etag"`
	// Odd is the name of a value that was not of its type; it was left out.
	Odd string `json:"-"`
}

// Customer is one whose first assessment was accepted (contract section 3.3). Status is nil where the service does not give it.
type Customer struct {
	ID            Text         `json:"id"`
	CandidateID   Text         `json:"candidateId"`
	Kind          Text         `json:"kind"`
	BusinessID    Text         `json:"businessId"`
	Name          Text         `json:"name"`
	ContactPerson PersonIfTold `json:"contactPerson"`
	Source        Source       `json:"source"`
	Status        *Status      `json:"status"`
	Lifecycle     Text         `json:"lifecycle"`
	EndedOn       Text         `json:"endedOn"`
	UpdatedAt     Text         `json:"updatedAt"`
	ETag          Text         `json:"etag"`
	Odd           string       `json:"-"`
}

// Status is the due-diligence status of a customer.
type Status struct {
	RequiresActions        Text   `json:"requiresActions"`
	RequiresActionsReasons []Text `json:"requiresActionsReasons"`
	LatestRiskAssessmentOn Text   `json:"latestRiskAssessmentOn"`
	DueDiligenceExpiresOn  Text   `json:"dueDiligenceExpiresOn"`
	RiskClass              Text   `json:"riskClass"`
	Notes                  Text   `json:"notes"`
	StatusRevision         Text   `json:"statusRevision"`
}

// Person is a contact person.
type Person struct {
	FirstName Text `json:"firstName,omitempty"`
	LastName  Text `json:"lastName,omitempty"`
	Email     Text `json:"email,omitempty"`
	Phone     Text `json:"phone,omitempty"`
	Language  Text `json:"language,omitempty"`
}

// PersonIfTold is a contact person, who may be nobody. Told tells nobody from a service that does not speak of contact persons, which is
// what the contract's example of a customer looks like.
type PersonIfTold struct {
	Person
	Told bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (p *PersonIfTold) UnmarshalJSON(b []byte) error {
	p.Told = true
	if _, err := rest.DecodeItem(b, &p.Person); err != nil {
		return err
	}
	return nil
}

// Source is the record that a candidate was made from.
type Source struct {
	System         Text `json:"system"`
	ExternalID     Text `json:"externalId"`
	CustomerNumber Text `json:"customerNumber,omitempty"`
}

// Change is an entry of the change feed, and the body of a message (contract section 6).
type Change struct {
	Entity Text `json:"entity"`
	ID     Text `json:"id"`
	Type   Text `json:"type"`
}

// Integration is the integration of one organisation (contract section 3.1). It holds no secrets.
type Integration struct {
	State                 Text `json:"state"`
	OnlyWithContactPerson Text `json:"onlyWithContactPerson"`

	Verification struct {
		KYC       Text `json:"kyc"`
		Netvisor  Text `json:"netvisor"`
		CheckedAt Text `json:"checkedAt"`
		Message   Text `json:"message"`
	} `json:"verification"`
	InitialSync struct {
		StartedAt         Text `json:"startedAt"`
		FinishedAt        Text `json:"finishedAt"`
		CandidatesCreated Text `json:"candidatesCreated"`
		SkippedNoContact  Text `json:"skippedNoContact"`
		Errors            Text `json:"errors"`
	} `json:"initialSync"`
}

// Credential is a credential that was issued; its token is shown this once.
type Credential struct {
	Token Text `json:"token"`
}

// Webhook is where messages are sent. One that does not say whether it is active is.
type Webhook struct {
	ID     Text  `json:"id"`
	URL    Text  `json:"url"`
	Active *bool `json:"active"`
}

// The bodies that are sent. What is empty is left out: an empty value never erases (contract section 5, note 1).

// PutCandidate makes or changes a candidate by its source, and PatchCandidate one that has none.
type PutCandidate struct {
	BusinessID    Text    `json:"businessId,omitempty"`
	Name          Text    `json:"name,omitempty"`
	ContactPerson *Person `json:"contactPerson,omitempty"`
	Source        *Source `json:"source,omitempty"`
	// Resurrect makes one anew that the service's people have deleted.
	Resurrect bool `json:"resurrect,omitempty"`
}

// PatchCustomer changes the master data of a customer.
type PatchCustomer struct {
	Name          Text    `json:"name,omitempty"`
	ContactPerson *Person `json:"contactPerson,omitempty"`
}

// End ends the relationship of a customer.
type End struct{}

// PutIntegration hands over what the service needs for verifying.
type PutIntegration struct {
	Type                  string      `json:"type"`
	OnlyWithContactPerson bool        `json:"onlyWithContactPerson"`
	ErrorReportEmail      string      `json:"errorReportEmail"`
	Netvisor              Identifiers `json:"netvisor"`
}

// PutScope changes whether customers without a contact person are taken, and nothing else.
type PutScope struct {
	OnlyWithContactPerson bool `json:"onlyWithContactPerson"`
}

// Identifiers are the two that Netvisor gives for the integration.
type Identifiers struct {
	UserName       string `json:"userName"`
	IntegrationKey string `json:"integrationKey"`
}

// Subscribe asks for messages.
type Subscribe struct {
	URL    string `json:"url"`
	Secret string `json:"secret"`
}
