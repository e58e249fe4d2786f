package netvisor

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// category is the first word of an error reply (Netvisor contract section 3). Faults can name any other.
type category string

const (
	statusOK             category = "OK"
	authenticationFailed category = "AUTHENTICATION_FAILED"
	invalidData          category = "INVALID_DATA"
	invalidDataSize      category = "INVALID_DATA_SIZE"
	duplicateData        category = "DUPLICATE_DATA"
	requestNotUnique     category = "REQUEST_NOT_UNIQUE"
	periodLock           category = "PERIOD_LOCK"
	serviceAccessError   category = "SERVICE_ACCESS_ERROR"
	technicalError       category = "TECHNICAL_ERROR"
	systemMaintenance    category = "SYSTEM_MAINTENANCE"
)

// httpStatus is the status sent when the client asked for UseHTTPResponseStatusCodes. The mapping is [inferred].
func (c category) httpStatus() int {
	switch c {
	case statusOK:
		return http.StatusOK
	case invalidData, invalidDataSize:
		return http.StatusBadRequest
	case authenticationFailed:
		return http.StatusUnauthorized
	case serviceAccessError:
		return http.StatusForbidden
	case duplicateData, requestNotUnique, periodLock:
		return http.StatusConflict
	case systemMaintenance:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// failure is an error reply before its language is known.
type failure struct {
	category category
	text     text
	args     []any
}

func fail(c category, t text, args ...any) *failure { return &failure{c, t, args} }

func (f *failure) in(l language) string {
	if f.text == (text{}) { // a category may come without text
		return string(f.category)
	}
	return string(f.category) + " :: " + fmt.Sprintf(f.text[l], f.args...)
}

type language int

const (
	finnish language = iota
	swedish
	english
)

// languageOf reads the language header. Unknown ones are answered in Finnish.
func languageOf(header string) (language, bool) {
	switch strings.ToUpper(header) {
	case "FI":
		return finnish, true
	case "SE":
		return swedish, true
	case "EN":
		return english, true
	default:
		return finnish, false
	}
}

// text is one message in Finnish, Swedish and English. Only the English one about an unknown customer is a seen text.
type text [3]string

var (
	textMissingHeader = text{
		"Otsaketieto puuttuu: %s",
		"Rubrikuppgift saknas: %s",
		"Header is missing: %s"}
	textBadHeader = text{
		"Otsaketiedon arvo on virheellinen: %s",
		"Rubrikuppgiftens värde är felaktigt: %s",
		"Header value is not valid: %s"}
	textBadAlgorithm = text{
		"Tarkisteen laskenta-algoritmi ei ole tuettu, käytä arvoa HMACSHA256",
		"Algoritmen för kontrollsumman stöds inte, använd HMACSHA256",
		"MAC hash calculation algorithm is not supported, use HMACSHA256"}
	textUnknownPartner = text{
		"Kumppanitunnusta ei löydy",
		"Partneridentifikationen hittades inte",
		"Partner was not found"}
	textUnknownCustomer = text{
		"Rajapintatunnusta ei löydy tältä yritykseltä",
		"Gränssnittsidentifikationen hittades inte hos detta företag",
		"API identifier was not found in this company"}
	textBadMAC = text{
		"Tarkiste ei täsmää. Allekirjoitettava merkkijono: %s :: %s",
		"Kontrollsumman stämmer inte. Sträng att signera: %s :: %s",
		"MAC does not match. String to be signed: %s :: %s"}
	textStale = text{
		"Aikaleima poikkeaa liikaa palvelimen ajasta",
		"Tidsstämpeln avviker för mycket från serverns tid",
		"Timestamp is too far from the time of the server"}
	textNotUnique = text{
		"Tapahtumatunniste on jo käytetty: %s",
		"Transaktionsidentifikationen har redan använts: %s",
		"Transaction identifier has already been used: %s"}
	textMethod = text{
		"URI method not valid (pyynnön menetelmä ei kelpaa)",
		"URI method not valid (begärans metod är ogiltig)",
		"URI method not valid"}
	textNotAllowed = text{
		"Yritys ei ole sallinut rajapintaresurssia: %s",
		"Företaget har inte tillåtit gränssnittsresursen: %s",
		"The company has not allowed the resource: %s"}
	textOverlap = text{
		"Yrityksen edellinen pyyntö on vielä kesken",
		"Företagets föregående begäran pågår fortfarande",
		"The previous request of the company is still being processed"}
	textTooLarge = text{
		"Pyyntö on liian suuri",
		"Begäran är för stor",
		"The request is too large"}
	textBadQuery = text{
		"Tietomuoto virheellinen: osoitteen parametrit eivät ole luettavissa",
		"Felaktigt dataformat: adressens parametrar kan inte läsas",
		"Data form incorrect: the parameters of the address cannot be read"}
	textRepeated = text{
		"Tietomuoto virheellinen: parametri %s on annettu useasti",
		"Felaktigt dataformat: parametern %s förekommer flera gånger",
		"Data form incorrect: parameter %s is given more than once"}
	textBadParameter = text{
		"Tietomuoto virheellinen: parametrin %s arvo ei kelpaa: %s",
		"Felaktigt dataformat: parametern %s har ett ogiltigt värde: %s",
		"Data form incorrect: parameter %s has an invalid value: %s"}
	textTooMany = text{
		"Tietomuoto virheellinen: parametrissa %s on yli %d arvoa",
		"Felaktigt dataformat: parametern %s har över %d värden",
		"Data form incorrect: parameter %s has more than %d values"}
	textOneOf = text{
		"Tietomuoto virheellinen: anna joko %s tai %s",
		"Felaktigt dataformat: ange antingen %s eller %s",
		"Data form incorrect: give either %s or %s"}
	textNoCustomer = text{
		"Tietomuoto virheellinen:. Asiakasta ei löydy Netvisor-tunnisteella: %d",
		"Felaktigt dataformat:. Kunden hittades inte med Netvisor-identifikation: %d",
		"Data form incorrect:. Customer not found with Netvisor identifier: %d"}
	textParameterMissing = text{
		"Tietomuoto virheellinen: parametri %s puuttuu",
		"Felaktigt dataformat: parametern %s saknas",
		"Data form incorrect: parameter %s is missing"}
	textRoot = text{
		"Tietomuoto virheellinen: sanoman on alettava elementillä <root>",
		"Felaktigt dataformat: meddelandet ska börja med <root>",
		"Data form incorrect: the message must begin with <root>"}
	textUnreadable = text{
		"Tietomuoto virheellinen: sanomaa ei voi lukea, rivi %d",
		"Felaktigt dataformat: meddelandet kan inte läsas, rad %d",
		"Data form incorrect: the message cannot be read, line %d"}
	textElementUnknown = text{
		"Tietomuoto virheellinen: elementtiä %s ei tunneta",
		"Felaktigt dataformat: elementet %s är okänt",
		"Data form incorrect: element %s is not known"}
	textElementOrder = text{
		"Tietomuoto virheellinen: elementti %s on väärässä järjestyksessä",
		"Felaktigt dataformat: elementet %s är i fel ordning",
		"Data form incorrect: element %s is out of order"}
	textElementTwice = text{
		"Tietomuoto virheellinen: elementti %s on annettu useasti",
		"Felaktigt dataformat: elementet %s förekommer flera gånger",
		"Data form incorrect: element %s is given more than once"}
	textElementMissing = text{
		"Tietomuoto virheellinen: elementti %s puuttuu",
		"Felaktigt dataformat: elementet %s saknas",
		"Data form incorrect: element %s is missing"}
	textElementEmpty = text{
		"Tietomuoto virheellinen: elementti %s ei saa olla tyhjä",
		"Felaktigt dataformat: elementet %s får inte vara tomt",
		"Data form incorrect: element %s must not be empty"}
	textElementValue = text{
		"Tietomuoto virheellinen: elementin %s arvo ei kelpaa: %s",
		"Felaktigt dataformat: elementet %s har ett ogiltigt värde: %s",
		"Data form incorrect: element %s has an invalid value: %s"}
	textElementKind = text{
		"Tietomuoto virheellinen: elementin %s attribuutti type ei kelpaa: %s",
		"Felaktigt dataformat: elementet %s har ett ogiltigt attribut type: %s",
		"Data form incorrect: element %s has an invalid attribute type: %s"}
	textElementSize = text{
		"Elementin %s arvo on pidempi kuin %d merkkiä",
		"Elementet %s är längre än %d tecken",
		"The value of element %s is longer than %d characters"}
	textDuplicateCode = text{
		"Asiakaskoodi on jo käytössä: %s",
		"Kundkoden används redan: %s",
		"Customer code is already in use: %s"}
	textNoDimension = text{
		"Tietomuoto virheellinen: laskentakohdetta ei löydy: %s, %s",
		"Felaktigt dataformat: dimensionen hittades inte: %s, %s",
		"Data form incorrect: dimension was not found: %s, %s"}
	textNoOffice = text{
		"Tietomuoto virheellinen:. Toimipaikkaa ei löydy Netvisor-tunnisteella: %d",
		"Felaktigt dataformat:. Verksamhetsstället hittades inte med Netvisor-identifikation: %d",
		"Data form incorrect:. Office not found with Netvisor identifier: %d"}
	textNoContact = text{
		"Tietomuoto virheellinen:. Yhteyshenkilöä ei löydy Netvisor-tunnisteella: %d",
		"Felaktigt dataformat:. Kontaktpersonen hittades inte med Netvisor-identifikation: %d",
		"Data form incorrect:. Contact person not found with Netvisor identifier: %d"}
	textDeleteInvoiced = text{
		"Asiakasta %d ei voi poistaa: asiakkaalla on laskuja",
		"Kunden %d kan inte raderas: kunden har fakturor",
		"Customer %d cannot be deleted: the customer has invoices"}
	textDeleteTemp = text{
		"Tilapäistä asiakasta ei voi poistaa",
		"Den tillfälliga kunden kan inte raderas",
		"The temporary customer cannot be deleted"}
	textMaintenance = text{
		"Palvelussa on huoltokatko",
		"Tjänsten har ett underhållsavbrott",
		"The service is down for maintenance"}
	textTechnical = text{
		"Tekninen virhe",
		"Tekniskt fel",
		"Technical error"}
)

// failureOf is what a client is told of an error; nil where there is none.
func failureOf(key int64, err error) *failure {
	switch refused, ok := errors.AsType[refusalError](err); {
	case err == nil:
		return nil
	case ok:
		return refused.failure
	case errors.Is(err, ErrNotFound):
		return fail(invalidData, textNoCustomer, key)
	default:
		return fail(technicalError, textTechnical)
	}
}
