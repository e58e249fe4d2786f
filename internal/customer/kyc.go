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
	// Raw are values the service sent that the hub does not know, by field.
	Raw map[string]string
	// SourceSystem is the system that said it; AsOf is when. A zero AsOf means that it has said nothing yet.
	SourceSystem string
	AsOf         time.Time
	RecordedAt   time.Time
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
