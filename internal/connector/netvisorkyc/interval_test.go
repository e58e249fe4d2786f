package netvisorkyc

import (
	"fmt"
	"slices"
	"testing"

	"customerhub/internal/finding"
)

// TestReviewInterval holds that a high risk is to be assessed again within a year (KYC contract section 1, on Regulation (EU) 2024/1624).
func TestReviewInterval(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		class, assessed, expires, lifecycle string
		want                                bool
	}{
		"AYear":                {"HIGH", "2026-02-10", "2027-02-10", "ACTIVE", false},
		"ADayMore":             {"HIGH", "2026-02-10", "2027-02-11", "ACTIVE", true},
		"AYearFromALeapDay":    {"HIGH", "2028-02-29", "2029-02-28", "ACTIVE", false},
		"ThreeYearsOfStandard": {"STANDARD", "2026-02-10", "2029-02-10", "ACTIVE", false},
		"AnEndedOne":           {"HIGH", "2026-02-10", "2029-02-10", "ENDED", false},
		"NeverAssessed":        {"HIGH", "", "2029-02-10", "ACTIVE", false},
		"NoExpiry":             {"HIGH", "2026-02-10", "", "ACTIVE", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serves(t, always(200, aCustomer("cust_501", fmt.Sprintf(`{"lifecycle":%q,"status":{"riskClass":%q,"latestRiskAssessmentOn":%q,"dueDiligenceExpiresOn":%q}}`,
				tc.lifecycle, tc.class, tc.assessed, tc.expires))))
			r, err := s.Read(t.Context(), "customers/cust_501")
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Code == finding.KYCIntervalLong }); got != tc.want {
				t.Errorf("findings %+v", r.Findings)
			}
		})
	}
}
