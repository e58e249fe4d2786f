package graph

import (
	"context"
	"slices"
	"strings"

	"customerhub/graph/model"
	"customerhub/internal/auth"
	"customerhub/internal/customer"
	"customerhub/internal/hub"
)

// E-mail addresses and phone numbers of persons and of private customers need personal:read (design section 8). Without
// it they are empty wherever they would stand, the log of changes included.

func masksCustomer(v auth.Viewer, k customer.Kind) bool {
	return k == customer.Private && !v.Can(auth.PersonalRead)
}

func masksPeople(v auth.Viewer) bool { return !v.Can(auth.PersonalRead) }

// maskCustomer empties what the viewer may not see of a customer and its offices.
func maskCustomer(v auth.Viewer, c hub.CustomerView) hub.CustomerView {
	if !masksCustomer(v, c.Kind) {
		return c
	}
	c.Email, c.Phone, c.BillingEmails = "", customer.Phone{}, nil
	own := make([]customer.Office, len(c.Offices))
	for i, o := range c.Offices {
		o.Phone, o.BillingEmails = customer.Phone{}, nil
		own[i] = o
	}
	c.Offices = own
	return c
}

// maskPerson empties what the viewer may not see of a person.
func maskPerson(v auth.Viewer, p customer.Person) customer.Person {
	if masksPeople(v) {
		p.Emails, p.Phones = nil, nil
	}
	return p
}

// personal says whether a field of the log holds an e-mail address or a phone number, and whether it is a person's.
func personal(f string) (is, ofPerson bool) {
	name := f[strings.LastIndexByte(f, '.')+1:]
	switch name {
	case "emails", "phones":
		return true, true
	case "email", "phone", "billingEmails":
		return true, false
	}
	return false, false
}

// openKYC are the fields of the due-diligence status that customers:read is enough for (design section 8). The rest needs
// kyc:read.
var openKYC = []string{"kyc.state", "kyc.riskClass", "kyc.requiresActions"}

func masksKYC(v auth.Viewer) bool { return !v.Can(auth.KYCRead) }

func hiddenKYC(v auth.Viewer, f string) bool {
	return strings.HasPrefix(f, "kyc.") && masksKYC(v) && !slices.Contains(openKYC, f)
}

// maskedFields are the fields of a change as the viewer may see them. A change does not say what kind of customer it is
// about, so that is looked up, for all changes of a page together; of a customer that is gone, or was a private person once,
// everything is masked.
func maskedFields(ctx context.Context, v auth.Viewer, c *model.Change) ([]*model.FieldChange, error) {
	if v.Can(auth.PersonalRead) && v.Can(auth.KYCRead) {
		return c.All, nil
	}
	private, known := false, false
	out := make([]*model.FieldChange, len(c.All))
	for i, f := range c.All {
		is, ofPerson := personal(f.Field)
		is = is && masksPeople(v)
		if is && !ofPerson && !known {
			of, err := changedCustomer(ctx, c)
			if err != nil {
				return nil, err
			}
			private, known = of == nil || of.Kind == model.CustomerKindPrivate || oncePrivate(of), true
		}
		if out[i] = f; is && (ofPerson || private) || hiddenKYC(v, f.Field) {
			out[i] = &model.FieldChange{Field: f.Field}
		}
	}
	return out, nil
}

// changedCustomer is the customer of a change, whose kind is all that is wanted.
func changedCustomer(ctx context.Context, c *model.Change) (*model.Customer, error) {
	if c.Of != nil {
		return c.Of, nil
	}
	return loadCustomer(ctx, c.CustomerID, 0)
}

// oncePrivate says whether a company was a private person before: its kind was altered, and there are two. Which values of the
// log are from that time is not asked.
func oncePrivate(c *model.Customer) bool { return c.Noun.FieldVersions[customer.FieldKind] > 0 }
