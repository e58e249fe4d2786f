package hub_test

import (
	"testing"
	"time"

	"customerhub/internal/auth"
	"customerhub/internal/change"
	"customerhub/internal/customer"
	"customerhub/internal/fault"
	"customerhub/internal/hub"
	"customerhub/internal/organisation"
	"customerhub/internal/pgtest"
)

// bundle is a hub with one organisation on a database of its own.
type bundle struct {
	hub    *hub.Hub
	db     *pgtest.DB
	viewer auth.Viewer
}

func setup(t *testing.T) bundle {
	t.Helper()
	db := pgtest.New(t)
	h := hub.New(db.App, hub.Options{Now: long})
	return bundle{hub: h, db: db, viewer: newOrganisation(t, h, "Esimerkki Oy")}
}

// long is a moment long before due diligences of tests expire, so that nothing is told of them unless a test wants it.
func long() time.Time { return time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC) }

func newOrganisation(t *testing.T, h *hub.Hub, name string) auth.Viewer {
	t.Helper()
	org, err := h.CreateOrganisation(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return auth.Viewer{
		Actor:  change.Actor{Kind: change.ActorKey, ID: "key-of-" + name, Name: name},
		Scopes: []auth.Scope{auth.Admin}, Organisation: org, Organisations: []organisation.Organisation{org},
	}
}

func (b bundle) create(t *testing.T, fields customer.Fields) hub.CustomerView {
	t.Helper()
	c, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantReason(t *testing.T, err error, code fault.Code, reason string) *fault.Error {
	t.Helper()
	f := fault.Of(err)
	if f == nil || f.Code != code || f.ReasonOrCode() != reason {
		t.Fatalf("got %v (%+v), want %s/%s", err, f, code, reason)
	}
	return f
}

func TestCreateCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)

	t.Run("EveryFieldIsKept", func(t *testing.T) {
		given := customer.Fields{
			customer.FieldName: "Järvisen Rakennus Oy", customer.FieldNameExtension: "Lahti", customer.FieldNumber: "1001",
			customer.FieldKind: "COMPANY", customer.FieldBusinessID: "15728600", customer.FieldVATNumber: "fi 1572860-0",
			customer.FieldEmail: "Info@Example.TEST", customer.FieldPhone: "040 123 4567", customer.FieldLanguage: "fi",
			customer.FieldBillingEmails:                         "a@example.test;b@example.test",
			customer.FieldEInvoiceAddress:                       "003715728600",
			customer.FieldEInvoiceOperator:                      "003721291126",
			customer.AddressField(customer.Billing, "line1"):    "Hämeenkatu 1",
			customer.AddressField(customer.Billing, "postcode"): "15100",
			customer.AddressField(customer.Billing, "city"):     "Lahti",
			customer.AddressField(customer.Billing, "country"):  "fi",
			customer.AddressField(customer.Delivery, "line1"):   "Varastotie 2",
		}
		c := b.create(t, given)
		if c.BusinessID != "1572860-0" || !c.BusinessIDValid || c.VATNumber != "FI15728600" || c.Email != "Info@example.test" ||
			c.Phone.E164 != "+358401234567" || len(c.BillingEmails) != 2 || c.EInvoice.Kind != customer.OVT || c.Version != 1 {
			t.Errorf("got %+v", c)
		}
		if a, ok := c.Address(customer.Billing); !ok || a.Country != "FI" || a.City != "Lahti" {
			t.Errorf("billing address %+v", a)
		}
		if len(c.Addresses) != 2 {
			t.Errorf("got %d addresses, want 2", len(c.Addresses))
		}
	})
	t.Run("AllFaultsComeTogetherWithTheirPaths", func(t *testing.T) {
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{
			customer.FieldBusinessID: "1234567-8", customer.FieldEmail: "nobody",
			customer.AddressField(customer.Billing, "postcode"): "100",
		}, "")
		faults, ok := err.(fault.Errors) //nolint:errorlint // returned as it is
		if !ok || len(faults) != 4 {
			t.Fatalf("got %v, want four faults", err)
		}
		want := map[string]string{
			"businessId": "BUSINESS_ID_CHECK_DIGIT", "email": "EMAIL_INVALID", "billingAddress": "POSTCODE_INVALID", "name": "REQUIRED",
		}
		for _, f := range faults {
			if want[f.Path[0]] != f.Reason {
				t.Errorf("fault at %v is %s, want %s", f.Path, f.Reason, want[f.Path[0]])
			}
		}
	})
	t.Run("TakenNumberNamesItsHolder", func(t *testing.T) {
		first := b.create(t, customer.Fields{customer.FieldName: "A", customer.FieldNumber: "77"})
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{customer.FieldName: "B", customer.FieldNumber: "77"}, "")
		if f := wantReason(t, err, fault.Duplicate, "NUMBER_TAKEN"); f.Details["holder"] != string(first.ID) {
			t.Errorf("details %v", f.Details)
		}
	})
	t.Run("R124_TempIsReserved", func(t *testing.T) {
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{customer.FieldName: "B", customer.FieldNumber: "temp"}, "")
		wantReason(t, err, fault.Invalid, "NUMBER_RESERVED")
	})
	t.Run("R192_IdentityCodeIsRefusedWithoutEcho", func(t *testing.T) {
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{customer.FieldName: "Aino 010190-900P"}, "")
		if f := wantReason(t, err, fault.Invalid, "PERSONAL_IDENTITY_CODE_NOT_ALLOWED"); f.Path[0] != "name" || f.Err != nil {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("R83_EInvoiceNeedsABusinessID", func(t *testing.T) {
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{
			customer.FieldName: "B", customer.FieldEInvoiceAddress: "003715728600", customer.FieldEInvoiceOperator: "003721291126",
		}, "")
		wantReason(t, err, fault.Invalid, "EINVOICE_NEEDS_BUSINESS_ID")
	})
}

func TestUpdateCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	update := func(t *testing.T, id customer.ID, version *int, patch customer.Fields) (hub.CustomerView, error) {
		t.Helper()
		return b.hub.UpdateCustomer(t.Context(), b.viewer, id, version, patch, "")
	}

	t.Run("AbsentKeepsAndEmptyClears", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A", customer.FieldEmail: "a@example.test", customer.FieldPhone: "040 1"})
		got, err := update(t, c.ID, nil, customer.Fields{customer.FieldEmail: ""})
		if err != nil || got.Email != "" || got.Phone.Raw != "040 1" || got.Name != "A" || got.Version != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("NameCannotBeCleared", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		_, err := update(t, c.ID, nil, customer.Fields{customer.FieldName: "  "})
		wantReason(t, err, fault.Invalid, "REQUIRED")
	})
	t.Run("NothingNewWritesNothing", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		got, err := update(t, c.ID, nil, customer.Fields{customer.FieldName: "A "})
		if err != nil || got.Version != 1 || !got.UpdatedAt.Equal(c.UpdatedAt) {
			t.Errorf("got version %d, updated %s, %v", got.Version, got.UpdatedAt, err)
		}
	})
	t.Run("T41_StaleOnlyWhereTheSameFieldIsTouched", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		one := c.Version
		if _, err := update(t, c.ID, &one, customer.Fields{customer.FieldEmail: "a@example.test"}); err != nil {
			t.Fatal(err)
		}
		if _, err := update(t, c.ID, &one, customer.Fields{customer.FieldPhone: "040 2"}); err != nil {
			t.Errorf("another field: %v", err)
		}
		_, err := update(t, c.ID, &one, customer.Fields{customer.FieldEmail: "b@example.test"})
		if f := wantReason(t, err, fault.Stale, "STALE_VERSION"); f.Details["currentVersion"] != "3" || f.Details["changedFields"] != "email" {
			t.Errorf("details %v", f.Details)
		}
	})
	t.Run("AddressPartsAreOneField", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A", customer.AddressField(customer.Billing, "line1"): "Katu 1"})
		one := c.Version
		if _, err := update(t, c.ID, &one, customer.Fields{customer.AddressField(customer.Billing, "city"): "Lahti"}); err != nil {
			t.Fatal(err)
		}
		_, err := update(t, c.ID, &one, customer.Fields{customer.AddressField(customer.Billing, "line1"): "Katu 2"})
		wantReason(t, err, fault.Stale, "STALE_VERSION")
	})
	t.Run("UnknownCustomerIsNotFound", func(t *testing.T) {
		for _, id := range []customer.ID{"", "x", "00000000-0000-0000-0000-000000000000"} {
			_, err := update(t, id, nil, customer.Fields{customer.FieldName: "A"})
			wantReason(t, err, fault.NotFound, "NOT_FOUND")
		}
	})
	t.Run("DeactivatingTwiceIsOnce", func(t *testing.T) {
		c := b.create(t, customer.Fields{customer.FieldName: "A"})
		for range 2 {
			got, err := b.hub.DeactivateCustomer(t.Context(), b.viewer, c.ID, nil, "")
			if err != nil || got.Status != customer.Inactive || got.Version != 2 {
				t.Errorf("got %s version %d, %v", got.Status, got.Version, err)
			}
		}
	})
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	fields := customer.Fields{customer.FieldName: "Once Oy"}

	t.Run("T41_SameKeyAndBodyIsOneCustomer", func(t *testing.T) {
		first, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "k1")
		if err != nil {
			t.Fatal(err)
		}
		again, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "k1")
		if err != nil || again.ID != first.ID {
			t.Errorf("got %s, %v, want %s", again.ID, err, first.ID)
		}
	})
	t.Run("T41_SameKeyWithAnotherBodyIsRefused", func(t *testing.T) {
		_, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{customer.FieldName: "Other Oy"}, "k1")
		wantReason(t, err, fault.Invalid, "IDEMPOTENCY_KEY_REUSED")
	})
	t.Run("T1_FailureLeavesTheKeyFree", func(t *testing.T) {
		if _, err := b.hub.CreateCustomer(t.Context(), b.viewer, customer.Fields{}, "k2"); err == nil {
			t.Fatal("want a fault")
		}
		if _, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "k2"); err != nil {
			t.Error(err)
		}
	})
	t.Run("RacersWithOneKeyMakeOneCustomer", func(t *testing.T) {
		const racers = 8
		ids := make(chan customer.ID, racers)
		for range racers {
			go func() {
				c, err := b.hub.CreateCustomer(t.Context(), b.viewer, fields, "k3")
				if err != nil {
					t.Error(err)
				}
				ids <- c.ID
			}()
		}
		seen := map[customer.ID]bool{}
		for range racers {
			seen[<-ids] = true
		}
		if len(seen) != 1 {
			t.Errorf("got %d customers, want 1", len(seen))
		}
	})
}
