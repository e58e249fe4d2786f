package netvisor

import (
	"fmt"
	"net/http"
	"strings"
)

// category is the first word of an error reply (Netvisor contract section 3). Those that no read can cause come with what causes them.
type category string

const (
	statusOK             category = "OK"
	authenticationFailed category = "AUTHENTICATION_FAILED"
	invalidData          category = "INVALID_DATA"
	invalidDataSize      category = "INVALID_DATA_SIZE"
	requestNotUnique     category = "REQUEST_NOT_UNIQUE"
	serviceAccessError   category = "SERVICE_ACCESS_ERROR"
	technicalError       category = "TECHNICAL_ERROR"
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
	case requestNotUnique:
		return http.StatusConflict
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
		"Tietomuoto virheellinen: anna joko id tai idlist",
		"Felaktigt dataformat: ange antingen id eller idlist",
		"Data form incorrect: give either id or idlist"}
	textNoCustomer = text{
		"Tietomuoto virheellinen:. Asiakasta ei löydy Netvisor-tunnisteella: %d",
		"Felaktigt dataformat:. Kunden hittades inte med Netvisor-identifikation: %d",
		"Data form incorrect:. Customer not found with Netvisor identifier: %d"}
)
