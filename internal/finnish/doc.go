// Package finnish knows the Finnish data formats a customer record is made of: business ID, VAT number, OVT and e-invoice
// address, e-invoice operator, Peppol participant identifier, IBAN, postcode and country, telephone number, language,
// e-mail address, and the personal identity code, which has to be recognised only to be kept out.
//
// It says whether a text is well formed, what its canonical form is, and what is doubtful about it. It does not know
// whether a company, an address or a postcode exists, does no I/O, and keeps no state; every function may be called from
// several goroutines. Rules and test vectors are those of the Finnish formats contract, cited by section number.
//
// # Shape of the functions
//
// A rule that can only accept or refuse returns (value, error), where the error is an [Issue] of severity [Reject]. A rule
// that can also accept with reservations returns (value, [Issues]); [Issues.Err] gives the refusal, if any. In both cases
// the value is the zero value when the text is refused. A caller that must not lose data (reading from another system)
// stores the text as it came and keeps the issues as findings; a caller that may say no (a mutation) refuses on Err.
//
// No message and no error contains the text that was examined (Promise 11): the text may be a personal identity code typed
// into the wrong field.
package finnish
