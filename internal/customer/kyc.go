package customer

import (
	"maps"
	"slices"
	"strings"
	"time"
)

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

// KYCStates are all states.
var KYCStates = []KYCState{KYCNotSent, KYCCandidate, KYCCustomer, KYCEnded, KYCRemoved, KYCUnknown}

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
	// FreshAsOf is from when on the hub may not know of something else that the service says; zero when that is not known. It is no
	// part of what the service said, and reads fill it in.
	FreshAsOf time.Time
}

// KnownAsOf is as of when the hub knows that the service says it: when it said it, or when the hub last heard nothing else.
func (k *KYC) KnownAsOf() time.Time {
	if k.FreshAsOf.After(k.AsOf) {
		return k.FreshAsOf
	}
	return k.AsOf
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

// Same says whether two statuses say the same, whenever they were said: in values that the hub does not know too.
func (k *KYC) Same(other *KYC) bool {
	return len(Diff(k.fields(), other.fields())) == 0 && maps.Equal(k.Raw, other.Raw)
}

// KYCContact gives the person who is the contact for due diligence; nobody when no contact has the role.
func (c *Customer) KYCContact() (p KYCPerson, ok bool) {
	for _, ct := range c.Contacts {
		if !slices.Contains(ct.Roles, KYCContact) {
			continue
		}
		p = KYCPerson{FirstName: ct.Person.FirstName, LastName: ct.Person.LastName, Language: ct.Person.Language}
		if len(ct.Person.Emails) > 0 {
			p.Email = ct.Person.Emails[0]
		}
		if len(ct.Person.Phones) > 0 {
			p.Phone = ct.Person.Phones[0].Raw
		}
		return p, true
	}
	return KYCPerson{}, false
}

// Into sets the fields of the contact person for due diligence.
func (p KYCPerson) Into(fs Fields) {
	fs.Set(FieldKYCContactFirstName, p.FirstName)
	fs.Set(FieldKYCContactLastName, p.LastName)
	fs.Set(FieldKYCContactEmail, p.Email)
	fs.Set(FieldKYCContactPhone, p.Phone)
	fs.Set(FieldKYCContactLanguage, p.Language)
}

// flattenKYC adds what other systems are told about due diligence.
func (c *Customer) flattenKYC(fs Fields) {
	if p, ok := c.KYCContact(); ok {
		p.Into(fs)
	}
	if c.KYC == nil {
		return
	}
	for f, value := range c.KYC.fields() {
		if f.ShowsKYC() && (f != FieldKYCRiskClass || value != string(RiskUnknown)) {
			fs[f] = value
		}
	}
}

// ShowsKYC says whether the field is one of the due-diligence status that other systems show (R45-R49).
func (f Field) ShowsKYC() bool {
	switch f {
	case FieldKYCRequiresActions, FieldKYCRiskAssessedOn, FieldKYCExpiresOn, FieldKYCRiskClass, FieldKYCNotes:
		return true
	}
	return false
}

// fields gives the status as Fields, for comparing.
func (k *KYC) fields() Fields {
	fs := make(Fields)
	fs.Set(FieldKYCState, string(k.State))
	fs.Set(FieldKYCRiskClass, string(k.RiskClass))
	if k.RequiresActions != nil {
		fs[FieldKYCRequiresActions] = yesOrNo(*k.RequiresActions)
	}
	fs.Set("kyc.requiresActionsReasons", JoinList(k.RequiresActionsReasons))
	fs.Set(FieldKYCRiskAssessedOn, k.LatestRiskAssessmentOn)
	fs.Set(FieldKYCExpiresOn, k.DueDiligenceExpiresOn)
	fs.Set(FieldKYCNotes, k.Notes)
	fs.Set("kyc.stage", k.Stage)
	fs.Set(fieldKYCPerson, k.Person.String())
	return fs
}

// FieldKYCState is where the customer stands in the service, in changes of the status.
const FieldKYCState Field = "kyc.state"

// fieldKYCPerson is the contact person as the service has it, as one value.
const fieldKYCPerson Field = "kyc.contactPerson"

// String gives all that is known of the person; empty for nobody.
func (p KYCPerson) String() string {
	known := slices.DeleteFunc([]string{p.FirstName, p.LastName, p.Email, p.Phone, p.Language}, func(s string) bool { return s == "" })
	return strings.Join(known, ", ")
}

// Newer says whether k was said after before, which is what stands: the service's own count decides where it has one on both, and its
// time otherwise.
func (k *KYC) Newer(before *KYC) bool {
	if k.Revision > 0 && before.Revision > 0 && k.Revision != before.Revision {
		return k.Revision > before.Revision
	}
	return k.AsOf.After(before.AsOf)
}

// KYCChanges lists what differs between two statuses. That notes or the contact person changed is said; what they say is not, since the
// log is read by more people than they are (scope kyc:read).
func KYCChanges(before, after *KYC) []FieldChange {
	changes := Diff(before.fields(), after.fields())
	for i := range changes {
		if f := changes[i].Field; f == FieldKYCNotes || f == fieldKYCPerson {
			changes[i].Before, changes[i].After = "", ""
		}
	}
	return changes
}
