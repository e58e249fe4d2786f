package customer

import "time"

// FieldKYCDaysLeft is how many days of a due diligence are left when the hub tells that it expires. No customer has it as a value.
const FieldKYCDaysLeft Field = "kyc.daysLeft"

// KYCNoticeDays are how many days before its last day, and on it, the hub tells that a due diligence expires.
var KYCNoticeDays = []int{60, 30, 7, 0}

// KYCNotice is the word that a due diligence expires soon, or has expired.
type KYCNotice struct {
	// ExpiresOn is its last day, as YYYY-MM-DD.
	ExpiresOn string
	// Days is which of KYCNoticeDays was passed last.
	Days int
	// Left counts the days until the last one: 0 on that day, and less when it is over.
	Left int
}

// KYCNoticeOn gives what is to be told on a day about a due diligence; false while that is nothing, or a day is not known. A hub that
// was away over several of KYCNoticeDays tells of the nearest one alone. Days are those of the calendar, so it does not matter how many
// hours one has.
func KYCNoticeOn(today, expiresOn string) (KYCNotice, bool) {
	now, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return KYCNotice{}, false
	}
	last, err := time.Parse(time.DateOnly, expiresOn)
	if err != nil {
		return KYCNotice{}, false
	}
	n := KYCNotice{ExpiresOn: expiresOn, Left: int((last.Unix() - now.Unix()) / (24 * 60 * 60))}
	passed := false
	for _, days := range KYCNoticeDays {
		if n.Left <= days {
			n.Days, passed = days, true
		}
	}
	return n, passed
}

// Watched says whether the expiry of the due diligence concerns anybody: not where the relationship has ended in the service, or never
// began. A state that the hub does not know is none of these.
func (k *KYC) Watched() bool {
	return k.State != KYCNotSent && k.State != KYCEnded && k.State != KYCRemoved
}
