package customer

import "time"

// Fields of the due-diligence status that are shown in other systems (R45-R49).
const (
	FieldKYCRequiresActions Field = "kyc.requiresActions"
	FieldKYCRiskAssessedOn  Field = "kyc.latestRiskAssessmentOn"
	FieldKYCExpiresOn       Field = "kyc.dueDiligenceExpiresOn"
	FieldKYCRiskClass       Field = "kyc.riskClass"
	FieldKYCNotes           Field = "kyc.notes"
)

// Fields of the contact person for due diligence, who is the contact with the role KYC. They belong together, and are named only
// towards systems that hold a single such person beside a record (R34, R191).
const (
	FieldKYCContactFirstName Field = "kycContact.firstName"
	FieldKYCContactLastName  Field = "kycContact.lastName"
	FieldKYCContactEmail     Field = "kycContact.email"
	FieldKYCContactPhone     Field = "kycContact.phone"
	FieldKYCContactLanguage  Field = "kycContact.language"
)

// KYCState is where a customer stands in the due-diligence service.
type KYCState string

// The states in the due-diligence service.
const (
	KYCNotSent   KYCState = "NOT_SENT"
	KYCCandidate KYCState = "CANDIDATE"
	KYCCustomer  KYCState = "CUSTOMER"
	KYCEnded     KYCState = "ENDED"
	KYCRemoved   KYCState = "REMOVED"
	KYCUnknown   KYCState = "UNKNOWN"
)

// RiskClass is the risk class the obliged entity has given. UNKNOWN is never read as low risk.
type RiskClass string

// The risk classes.
const (
	RiskUnknown  RiskClass = "UNKNOWN"
	RiskLow      RiskClass = "LOW"
	RiskStandard RiskClass = "STANDARD"
	RiskHigh     RiskClass = "HIGH"
)

// KYC is what the due-diligence service has said of a customer (R45-R50). The service alone owns these values.
type KYC struct {
	State     KYCState
	RiskClass RiskClass
	// RequiresActions is nil until the service has said it.
	RequiresActions        *bool
	RequiresActionsReasons []string
	// LatestRiskAssessmentOn and DueDiligenceExpiresOn are dates as YYYY-MM-DD; empty when not known.
	LatestRiskAssessmentOn string
	DueDiligenceExpiresOn  string
	Notes                  string
	// Stage is what the service itself calls the state, such as REQUEST_SENT.
	Stage string
	// Person is the contact person as the service has it; completed there, it stays there (R32).
	Person KYCPerson
	// Revision is the service's own count of what it said; a lower one is older, whenever it arrives. Zero when it has none.
	Revision int
	// Raw are values the service sent that the hub does not know, by field.
	Raw map[string]string
	// SourceSystem is the system that said it; AsOf is when. A zero AsOf means that it has said nothing yet.
	SourceSystem string
	AsOf         time.Time
	RecordedAt   time.Time
}

// KYCPerson is the contact person for due diligence as a system has it, which may be nobody.
type KYCPerson struct {
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	Email     string `json:"email,omitempty"`
	Phone     string `json:"phone,omitempty"`
	// Language is ISO 639-1.
	Language string `json:"language,omitempty"`
}

// UnknownKYC is the status of a customer of whom the due-diligence service has said nothing.
func UnknownKYC() KYC { return KYC{State: KYCNotSent, RiskClass: RiskUnknown} }

// Overdue says whether the due diligence has expired on a day (YYYY-MM-DD); nil when the expiry is not known. It expires at
// the end of its day.
func (k *KYC) Overdue(today string) *bool {
	if k.DueDiligenceExpiresOn == "" {
		return nil
	}
	return new(k.DueDiligenceExpiresOn < today)
}

// Same says whether two statuses say the same, whenever they were said.
func (k *KYC) Same(other *KYC) bool {
	return len(Diff(k.fields(), other.fields())) == 0
}

// fields gives the status as Fields, for comparing.
func (k *KYC) fields() Fields {
	fs := make(Fields)
	fs.Set("kyc.state", string(k.State))
	fs.Set(FieldKYCRiskClass, string(k.RiskClass))
	if k.RequiresActions != nil {
		fs[FieldKYCRequiresActions] = yesOrNo(*k.RequiresActions)
	}
	fs.Set("kyc.requiresActionsReasons", JoinList(k.RequiresActionsReasons))
	fs.Set(FieldKYCRiskAssessedOn, k.LatestRiskAssessmentOn)
	fs.Set(FieldKYCExpiresOn, k.DueDiligenceExpiresOn)
	fs.Set(FieldKYCNotes, k.Notes)
	return fs
}

// KYCChanges lists what differs between two statuses. That notes changed is said; what they say is not, since the log is
// read by more people than the notes (scope kyc:read).
func KYCChanges(before, after *KYC) []FieldChange {
	changes := Diff(before.fields(), after.fields())
	for i := range changes {
		if changes[i].Field == FieldKYCNotes {
			changes[i].Before, changes[i].After = "", ""
		}
	}
	return changes
}
