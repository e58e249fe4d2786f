package customer

import "customerhub/internal/finnish"

// Mask hides personal identity codes in whatever the due-diligence service says in words. Its connector has done so already; this is
// the second net, in front of the database (Promise 11; KYC contract, scenario 9).
func (k *KYC) Mask() {
	mask := func(text string) string {
		masked, _ := finnish.MaskStored(text)
		return masked
	}
	k.Notes, k.Stage = mask(k.Notes), mask(k.Stage)
	if reasons := k.RequiresActionsReasons; reasons != nil {
		k.RequiresActionsReasons = make([]string, len(reasons))
		for i, reason := range reasons {
			k.RequiresActionsReasons[i] = mask(reason)
		}
	}
	if raw := k.Raw; raw != nil {
		k.Raw = make(map[string]string, len(raw))
		for field, value := range raw {
			k.Raw[field] = mask(value)
		}
	}
	for _, text := range []*string{&k.Person.FirstName, &k.Person.LastName, &k.Person.Email, &k.Person.Phone} {
		*text = mask(*text)
	}
}
