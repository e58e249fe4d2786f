package report

import (
	"fmt"

	"customerhub/internal/explain"
	"customerhub/internal/finding"
)

// said is a text in every language.
type said struct{ en, fi, sv, nb string }

func (s said) in(l explain.Language) string {
	switch l {
	case explain.Finnish:
		return s.fi
	case explain.Swedish:
		return s.sv
	case explain.Norwegian:
		return s.nb
	}
	return s.en
}

func (r Report) say(key string, args ...any) string {
	return fmt.Sprintf(frame[key].in(r.Language), args...)
}

// frame is what stands around the groups.
var frame = map[string]said{
	"subject": {
		"Customer Hub: errors: %[1]d (%[2]s)", "Customer Hub: virheitä %[1]d (%[2]s)", "Customer Hub: fel: %[1]d (%[2]s)",
		"Customer Hub: feil: %[1]d (%[2]s)",
	},
	"opening": {
		"Errors that do not pass by themselves, new since the last report: %[1]d.",
		"Virheitä, jotka eivät korjaannu itsestään, edellisen ilmoituksen jälkeen: %[1]d.",
		"Fel som inte går över av sig själva, nya sedan förra rapporten: %[1]d.",
		"Feil som ikke går over av seg selv, nye siden forrige rapport: %[1]d.",
	},
	"support": {
		"Help with this system: %[1]s", "Apua tähän järjestelmään: %[1]s", "Hjälp med detta system: %[1]s", "Hjelp med dette systemet: %[1]s",
	},
	"record":     {"record %[1]s", "tietue %[1]s", "post %[1]s", "post %[1]s"},
	"businessID": {"business ID %[1]s", "Y-tunnus %[1]s", "FO-nummer %[1]s", "organisasjonsnummer %[1]s"},
	"more":       {"and %[1]d more", "ja %[1]d muuta", "och %[1]d till", "og %[1]d til"},
	"look": {
		"What exactly is the matter is told by the hub, to those who may see it:",
		"Hub kertoo tarkemmin, mistä on kyse, niille joilla on oikeus nähdä se:",
		"Hubben berättar närmare vad det gäller, för dem som får se det:",
		"Huben forteller nærmere hva det gjelder, til dem som har lov til å se det:",
	},
	"header": {
		"(GraphQL; a key that reaches several organisations names this one: Hub-Organisation: %[1]s)",
		"(GraphQL; avain, joka ulottuu useaan organisaatioon, nimeää tämän: Hub-Organisation: %[1]s)",
		"(GraphQL; en nyckel som når flera organisationer namnger denna: Hub-Organisation: %[1]s)",
		"(GraphQL; en nøkkel som når flere organisasjoner, navngir denne: Hub-Organisation: %[1]s)",
	},
	"often": {
		"At most one such report is sent in %[1]d minutes. What is named here is not reported again.",
		"Ilmoituksia lähetetään enintään yksi %[1]d minuutissa. Tässä mainitusta ei ilmoiteta uudelleen.",
		"Högst en sådan rapport skickas på %[1]d minuter. Det som nämns här rapporteras inte igen.",
		"Høyst én slik rapport sendes på %[1]d minutter. Det som er nevnt her, rapporteres ikke igjen.",
	},
}

// sentence is what a code means. One without a text of its own says that much; a test holds all of finding.Failures to one.
func sentence(c finding.Code) said {
	if s, ok := sentences[c]; ok {
		return s
	}
	return said{
		"Something needs attention.", "Jokin vaatii huomiota.", "Något kräver uppmärksamhet.", "Noe krever oppmerksomhet.",
	}
}

var sentences = map[finding.Code]said{
	finding.SystemDenied: {
		"The system no longer admits the hub. Nothing is read or sent until the credentials or permissions are renewed.",
		"Järjestelmä ei enää päästä hubia sisään. Mitään ei lueta eikä lähetetä, ennen kuin tunnukset tai oikeudet uusitaan.",
		"Systemet släpper inte längre in hubben. Ingenting läses eller skickas förrän inloggningsuppgifter eller behörigheter förnyas.",
		"Systemet slipper ikke lenger huben inn. Ingenting leses eller sendes før pålogging eller tilganger fornyes.",
	},
	finding.MassAbsence: {
		"So many known records are missing from the system's list that none of them is believed to be deleted.",
		"Järjestelmän luettelosta puuttuu niin monta tunnettua tietuetta, ettei yhdenkään uskota poistuneen.",
		"Så många kända poster saknas i systemets lista att ingen av dem antas vara borttagen.",
		"Så mange kjente poster mangler i systemets liste at ingen av dem antas å være slettet.",
	},
	finding.LinkParked: {
		"The system refuses the record, or it failed again and again. It waits for a person.",
		"Järjestelmä ei hyväksy tietuetta, tai sen siirto epäonnistui toistuvasti. Se odottaa ihmistä.",
		"Systemet tar inte emot posten, eller så misslyckades den gång på gång. Den väntar på en människa.",
		"Systemet tar ikke imot posten, eller den mislyktes gang på gang. Den venter på et menneske.",
	},
	finding.CreateAmbiguous: {
		"Several records may be the one that the hub made. Somebody has to say which.",
		"Useampi tietue voi olla se, jonka hub loi. Jonkun on sanottava, mikä niistä.",
		"Flera poster kan vara den som hubben skapade. Någon måste säga vilken.",
		"Flere poster kan være den som huben opprettet. Noen må si hvilken.",
	},
	finding.NumberCollision: {
		"The record has the number of a customer that is another one. Neither was touched.",
		"Tietueella on toisen asiakkaan numero. Kumpaankaan ei koskettu.",
		"Posten har en annan kunds nummer. Ingendera rördes.",
		"Posten har en annen kundes nummer. Ingen av dem ble rørt.",
	},
	finding.DuplicateProposed: {
		"The record has the business ID of another customer. Somebody has to say whether they are the same.",
		"Tietueella on toisen asiakkaan Y-tunnus. Jonkun on sanottava, ovatko ne sama asiakas.",
		"Posten har en annan kunds FO-nummer. Någon måste säga om de är samma kund.",
		"Posten har organisasjonsnummeret til en annen kunde. Noen må si om de er samme kunde.",
	},
	finding.PingPong: {
		"The system changes back what it is sent, again and again. The value is left alone there.",
		"Järjestelmä muuttaa lähetetyn arvon takaisin yhä uudelleen. Arvoon ei siellä enää kosketa.",
		"Systemet ändrar gång på gång tillbaka det som skickas. Värdet lämnas i fred där.",
		"Systemet endrer gang på gang tilbake det som sendes. Verdien lates i fred der.",
	},
	finding.FieldConflict: {
		"Both sides changed the same value. One stands, and the other is kept.",
		"Molemmat puolet muuttivat samaa arvoa. Toinen jäi voimaan, ja toinen on tallessa.",
		"Båda sidor ändrade samma värde. Det ena gäller, och det andra är sparat.",
		"Begge sider endret samme verdi. Den ene gjelder, og den andre er tatt vare på.",
	},
	finding.RecordUnreadable: {
		"The record could not be taken into the hub.",
		"Tietuetta ei voitu ottaa hubiin.",
		"Posten kunde inte tas in i hubben.",
		"Posten kunne ikke tas inn i huben.",
	},
	finding.MissingRecord: {
		"The system lists the record and does not give its details.",
		"Järjestelmä luettelee tietueen mutta ei anna sen tietoja.",
		"Systemet listar posten men lämnar inte ut dess uppgifter.",
		"Systemet lister posten, men gir ikke ut opplysningene.",
	},
	finding.RecordDeleted: {
		"The record was deleted in the system. The customer was made inactive.",
		"Tietue on poistettu järjestelmästä. Asiakas merkittiin passiiviseksi.",
		"Posten har tagits bort i systemet. Kunden gjordes inaktiv.",
		"Posten er slettet i systemet. Kunden ble gjort inaktiv.",
	},
	finding.CustomerNumberTwice: {
		"Several records carry the same customer number.",
		"Usealla tietueella on sama asiakasnumero.",
		"Flera poster har samma kundnummer.",
		"Flere poster har samme kundenummer.",
	},
	finding.BusinessIDInvalid: {
		"The business ID cannot be right. The customer is left out of e-invoicing and due diligence.",
		"Y-tunnus ei voi olla oikea. Asiakas jää pois verkkolaskutuksesta ja asiakkaan tuntemisesta.",
		"FO-numret kan inte vara rätt. Kunden lämnas utanför e-fakturering och kundkännedom.",
		"Organisasjonsnummeret kan ikke være riktig. Kunden holdes utenfor e-fakturering og kundekontroll.",
	},
	finding.IdentityCodeDropped: {
		"A personal identity code stood in a field that is not for it. That value was dropped; remove it in the system too.",
		"Henkilötunnus oli kentässä, johon se ei kuulu. Arvo jätettiin pois; poista se myös järjestelmästä.",
		"En personbeteckning stod i ett fält där den inte hör hemma. Värdet utelämnades; ta bort det också i systemet.",
		"En personidentifikator sto i et felt der den ikke hører hjemme. Verdien ble utelatt; fjern den også i systemet.",
	},
	finding.EInvoiceNotSent: {
		"The e-invoice address is not sent, since the customer has no valid business ID.",
		"Verkkolaskuosoitetta ei lähetetä, koska asiakkaalla ei ole kelvollista Y-tunnusta.",
		"E-fakturaadressen skickas inte, eftersom kunden saknar ett giltigt FO-nummer.",
		"E-fakturaadressen sendes ikke, siden kunden mangler et gyldig organisasjonsnummer.",
	},
	finding.OfficeEInvoice: {
		"The system does not take the e-invoice address of an office.",
		"Järjestelmä ei ota vastaan toimipisteen verkkolaskuosoitetta.",
		"Systemet tar inte emot ett verksamhetsställes e-fakturaadress.",
		"Systemet tar ikke imot e-fakturaadressen til et kontor.",
	},
	finding.EInvoiceInvalid: {
		"The e-invoice address or its operator cannot be right.",
		"Verkkolaskuosoite tai sen operaattori ei voi olla oikea.",
		"E-fakturaadressen eller dess operatör kan inte vara rätt.",
		"E-fakturaadressen eller operatøren kan ikke være riktig.",
	},
	finding.CustomFieldInvalid: {
		"A value is not of the type of its custom field and was left out.",
		"Arvo ei ole lisäkenttänsä tyyppiä, ja se jätettiin pois.",
		"Ett värde är inte av sitt tilläggsfälts typ och utelämnades.",
		"En verdi er ikke av tilleggsfeltets type og ble utelatt.",
	},
}
