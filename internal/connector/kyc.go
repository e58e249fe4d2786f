package connector

import (
	"context"

	"customerhub/internal/customer"
)

// KYCTab is a place in a system where the due-diligence status of a customer is shown, and where the company keeps its contact
// person for due diligence (R34, R45-R49). The system does not own the status. Settings may leave it out: both methods answer
// Unsupported then, and nothing is called.
type KYCTab interface {
	// ReadKYCContact gives the contact person of the tab, the zero value when there is none, or NotFound for an unknown record.
	ReadKYCContact(ctx context.Context, externalID string) (customer.KYCPerson, error)
	// WriteKYCStatus makes one call that sets the given fields of the status, customer.FieldKYCRiskClass and those beside it, and
	// nothing else; an empty value clears. Its faults are those of Writer.Write.
	WriteKYCStatus(ctx context.Context, externalID string, set customer.Fields, transaction string) error
}
