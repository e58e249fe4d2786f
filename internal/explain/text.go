package explain

import "fmt"

// Language is a language of texts.
type Language string

// The languages.
const (
	English   Language = "EN"
	Finnish   Language = "FI"
	Swedish   Language = "SV"
	Norwegian Language = "NB"
)

// Languages are all of them.
var Languages = []Language{English, Finnish, Swedish, Norwegian}

// Text is something to say. Its zero value says nothing.
type Text struct {
	key  string
	args []any
}

func text(key string, args ...string) Text {
	t := Text{key: key}
	for _, a := range args {
		t.args = append(t.args, a)
	}
	return t
}

// In says it in a language; an unknown one is English.
func (t Text) In(l Language) string {
	if t.key == "" {
		return ""
	}
	said := texts[t.key]
	format := said.en
	switch l {
	case Finnish:
		format = said.fi
	case Swedish:
		format = said.sv
	case Norwegian:
		format = said.nb
	}
	if len(t.args) == 0 {
		return format
	}
	return fmt.Sprintf(format, t.args...)
}

type said struct{ en, fi, sv, nb string }

// texts are what can be said. %[1]s is the name of the system where there is one; words of others stand as they came.
var texts = map[string]said{
	"merged": {
		"The customer was merged with another, which is kept in agreement instead.",
		"Asiakas on yhdistetty toiseen, jonka tiedot pidetään sen sijasta ajan tasalla.",
		"Kunden har slagits ihop med en annan, som hålls uppdaterad i stället.",
		"Kunden er slått sammen med en annen, som holdes oppdatert i stedet.",
	},
	"fixMerged": {
		"Look at the customer that it was merged with.",
		"Katso asiakasta, johon se on yhdistetty.",
		"Se på kunden som den har slagits ihop med.",
		"Se på kunden som den er slått sammen med.",
	},
	"erased": {
		"The customer was erased at somebody's request.",
		"Asiakkaan tiedot on poistettu pyynnöstä.",
		"Kundens uppgifter har raderats på begäran.",
		"Kundens opplysninger er slettet etter anmodning.",
	},
	"fixErased": {
		"Nothing can be done, and nothing has to.",
		"Mitään ei voi eikä tarvitse tehdä.",
		"Ingenting kan eller behöver göras.",
		"Ingenting kan eller trenger å gjøres.",
	},
	"draft": {
		"The credentials of %[1]s have not been verified.",
		"Järjestelmän %[1]s tunnuksia ei ole tarkistettu.",
		"Inloggningsuppgifterna för %[1]s har inte kontrollerats.",
		"Påloggingsopplysningene for %[1]s er ikke kontrollert.",
	},
	"fixDraft": {
		"Set the credentials of the system and check it.",
		"Anna järjestelmän tunnukset ja tarkista ne.",
		"Ange systemets inloggningsuppgifter och kontrollera dem.",
		"Oppgi systemets påloggingsopplysninger og kontroller dem.",
	},
	"notStarted": {
		"%[1]s has been verified and not been started.",
		"%[1]s on tarkistettu, mutta sitä ei ole käynnistetty.",
		"%[1]s har kontrollerats men inte startats.",
		"%[1]s er kontrollert, men ikke startet.",
	},
	"fixNotStarted": {
		"Start the system.",
		"Käynnistä järjestelmä.",
		"Starta systemet.",
		"Start systemet.",
	},
	"paused": {
		"Somebody paused %[1]s.",
		"Joku on keskeyttänyt järjestelmän %[1]s.",
		"Någon har pausat %[1]s.",
		"Noen har satt %[1]s på pause.",
	},
	"fixPaused": {
		"Start the system again.",
		"Käynnistä järjestelmä uudelleen.",
		"Starta systemet igen.",
		"Start systemet på nytt.",
	},
	"needsAction": {
		"%[1]s no longer admits the hub, so nothing is read or sent until somebody acts.",
		"%[1]s ei enää päästä hubia sisään, joten mitään ei lueta eikä lähetetä ennen kuin joku puuttuu asiaan.",
		"%[1]s släpper inte längre in hubben, så ingenting läses eller skickas förrän någon ingriper.",
		"%[1]s slipper ikke lenger huben inn, så ingenting leses eller sendes før noen griper inn.",
	},
	"fixNeedsAction": {
		"Renew the credentials or the permissions, check the system and start it again.",
		"Uusi tunnukset tai oikeudet, tarkista järjestelmä ja käynnistä se uudelleen.",
		"Förnya inloggningsuppgifterna eller behörigheterna, kontrollera systemet och starta det igen.",
		"Forny påloggingsopplysningene eller tilgangene, kontroller systemet og start det på nytt.",
	},
	"notPrimary": {
		"The customer is kept in agreement with another record in %[1]s. This one came with a customer that was merged into it, and is only read.",
		"Asiakas pidetään ajan tasalla järjestelmän %[1]s toisen tietueen kanssa. Tämä tuli siihen yhdistetyn asiakkaan mukana, ja sitä vain luetaan.",
		"Kunden hålls uppdaterad med en annan post i %[1]s. Den här kom med en kund som slogs ihop med den, och läses bara.",
		"Kunden holdes oppdatert mot en annen post i %[1]s. Denne kom med en kunde som ble slått sammen med den, og leses bare.",
	},
	"fixNotPrimary": {
		"If there is to be one record only, delete this one in %[1]s. If the two are different customers, take the merge back.",
		"Jos tietueita pitää olla vain yksi, poista tämä järjestelmästä %[1]s. Jos kyse on eri asiakkaista, peru yhdistäminen.",
		"Om det ska finnas bara en post, ta bort den här i %[1]s. Om det är två olika kunder, ångra sammanslagningen.",
		"Hvis det bare skal finnes én post, slett denne i %[1]s. Hvis det er to forskjellige kunder, angre sammenslåingen.",
	},
	"deletedThere": {
		"The record was deleted in %[1]s.",
		"Tietue on poistettu järjestelmästä %[1]s.",
		"Posten har tagits bort i %[1]s.",
		"Posten er slettet i %[1]s.",
	},
	"fixDeletedThere": {
		"If it has to be there, create it there again; it comes in as a new customer.",
		"Jos sen pitää olla siellä, luo se sinne uudelleen; se tulee sisään uutena asiakkaana.",
		"Om den ska finnas där, skapa den där igen; den kommer in som en ny kund.",
		"Hvis den skal finnes der, opprett den der på nytt; den kommer inn som en ny kunde.",
	},
	"inactive": {
		"The customer became inactive before it had a record in %[1]s.",
		"Asiakas poistui käytöstä ennen kuin sillä oli tietue järjestelmässä %[1]s.",
		"Kunden blev inaktiv innan den hade en post i %[1]s.",
		"Kunden ble inaktiv før den hadde en post i %[1]s.",
	},
	"fixInactive": {
		"Make the customer active if it has to be there.",
		"Ota asiakas käyttöön, jos sen pitää olla siellä.",
		"Aktivera kunden om den ska finnas där.",
		"Aktiver kunden hvis den skal finnes der.",
	},
	"leftOut": {
		"The record in %[1]s never comes in. %[2]s",
		"Järjestelmän %[1]s tietue ei koskaan tule sisään. %[2]s",
		"Posten i %[1]s kommer aldrig in. %[2]s",
		"Posten i %[1]s kommer aldri inn. %[2]s",
	},
	"fixLeftOut": {
		"Give the record in %[1]s another customer number.",
		"Anna järjestelmän %[1]s tietueelle toinen asiakasnumero.",
		"Ge posten i %[1]s ett annat kundnummer.",
		"Gi posten i %[1]s et annet kundenummer.",
	},
	"readOnlyKind": {
		"The customer has no record in %[1]s, and the hub cannot write there.",
		"Asiakkaalla ei ole tietuetta järjestelmässä %[1]s, eikä hub voi kirjoittaa sinne.",
		"Kunden har ingen post i %[1]s, och hubben kan inte skriva dit.",
		"Kunden har ingen post i %[1]s, og huben kan ikke skrive dit.",
	},
	"fixReadOnly": {
		"Create the customer in %[1]s.",
		"Luo asiakas järjestelmään %[1]s.",
		"Skapa kunden i %[1]s.",
		"Opprett kunden i %[1]s.",
	},
	"readOnly": {
		"The customer has no record in %[1]s, and the organisation decided that the hub only reads from there.",
		"Asiakkaalla ei ole tietuetta järjestelmässä %[1]s, ja organisaatio on päättänyt, että hub vain lukee sieltä.",
		"Kunden har ingen post i %[1]s, och organisationen har bestämt att hubben bara läser därifrån.",
		"Kunden har ingen post i %[1]s, og organisasjonen har bestemt at huben bare leser derfra.",
	},
	"fixDirection": {
		"Let values flow both ways or into the system, or make the change there.",
		"Salli tietojen kulku molempiin suuntiin tai järjestelmään, tai tee muutos siellä.",
		"Låt uppgifter gå åt båda hållen eller till systemet, eller gör ändringen där.",
		"La opplysninger gå begge veier eller til systemet, eller gjør endringen der.",
	},
	"beforeWriting": {
		"The customer was in the hub before the hub wrote to %[1]s.",
		"Asiakas oli hubissa ennen kuin hub kirjoitti järjestelmään %[1]s.",
		"Kunden fanns i hubben innan hubben skrev till %[1]s.",
		"Kunden fantes i huben før huben skrev til %[1]s.",
	},
	"fixFirstRun": {
		"Create the customer there; from then on it is kept in agreement.",
		"Luo asiakas sinne; siitä lähtien tiedot pidetään ajan tasalla.",
		"Skapa kunden där; därefter hålls uppgifterna uppdaterade.",
		"Opprett kunden der; deretter holdes opplysningene oppdatert.",
	},
	"linkPaused": {
		"Somebody paused this customer.",
		"Joku on keskeyttänyt tämän asiakkaan.",
		"Någon har pausat den här kunden.",
		"Noen har satt denne kunden på pause.",
	},
	"fixRetry": {
		"Say that it is to be tried again.",
		"Pyydä yrittämään uudelleen.",
		"Begär ett nytt försök.",
		"Be om et nytt forsøk.",
	},
	"heldBack": {
		"The hub holds values that may not be sent to %[1]s. %[2]s",
		"Hubissa on tietoja, joita ei saa lähettää järjestelmään %[1]s. %[2]s",
		"Hubben har uppgifter som inte får skickas till %[1]s. %[2]s",
		"Huben har opplysninger som ikke kan sendes til %[1]s. %[2]s",
	},
	"disputed": {
		"%[1]s changes a value back each time the hub sends it. %[2]s",
		"%[1]s muuttaa arvon takaisin joka kerta, kun hub lähettää sen. %[2]s",
		"%[1]s ändrar tillbaka ett värde varje gång hubben skickar det. %[2]s",
		"%[1]s endrer en verdi tilbake hver gang huben sender den. %[2]s",
	},
	"fixDisputed": {
		"Find the rule in %[1]s, or the other system, that sets another value. Then resolve the finding PING_PONG, or let the value flow one way only.",
		"Etsi se sääntö järjestelmästä %[1]s tai se toinen järjestelmä, joka asettaa eri arvon. Kuittaa sitten havainto PING_PONG, tai salli arvon kulkea vain yhteen suuntaan.",
		"Sök den regel i %[1]s, eller det andra system, som sätter ett annat värde. Lös sedan iakttagelsen PING_PONG, eller låt värdet gå bara åt ett håll.",
		"Finn regelen i %[1]s, eller det andre systemet, som setter en annen verdi. Løs deretter funnet PING_PONG, eller la verdien gå bare én vei.",
	},
	"refused": {
		"%[1]s refuses what it was sent.",
		"%[1]s ei hyväksy lähetettyjä tietoja.",
		"%[1]s godtar inte det som skickades.",
		"%[1]s godtar ikke det som ble sendt.",
	},
	"fixRefused": {
		"Mend the value; it is sent again by itself. If the value is right, mend the other side and say that it is to be tried again.",
		"Korjaa arvo; se lähetetään itsestään uudelleen. Jos arvo on oikein, korjaa toinen puoli ja pyydä yrittämään uudelleen.",
		"Rätta värdet; det skickas om av sig självt. Om värdet är rätt, rätta den andra sidan och begär ett nytt försök.",
		"Rett verdien; den sendes på nytt av seg selv. Hvis verdien er riktig, rett den andre siden og be om et nytt forsøk.",
	},
	"ambiguous": {
		"A person has to say which record in %[1]s is meant. %[2]s",
		"Jonkun on kerrottava, mitä järjestelmän %[1]s tietuetta tarkoitetaan. %[2]s",
		"Någon måste säga vilken post i %[1]s som avses. %[2]s",
		"Noen må si hvilken post i %[1]s det gjelder. %[2]s",
	},
	"fixAmbiguous": {
		"Compare the two, give one of them another number or business ID, and say that it is to be tried again.",
		"Vertaa tietueita, anna toiselle toinen numero tai Y-tunnus ja pyydä yrittämään uudelleen.",
		"Jämför posterna, ge den ena ett annat nummer eller FO-nummer och begär ett nytt försök.",
		"Sammenlign postene, gi den ene et annet nummer eller organisasjonsnummer og be om et nytt forsøk.",
	},
	"invalid": {
		"%[1]s would not take what the hub holds. %[2]s",
		"%[1]s ei ottaisi vastaan hubin tietoja. %[2]s",
		"%[1]s skulle inte ta emot det som hubben har. %[2]s",
		"%[1]s ville ikke ta imot det som huben har. %[2]s",
	},
	"gaveUp": {
		"The hub gave up. %[1]s",
		"Hub on luovuttanut. %[1]s",
		"Hubben har gett upp. %[1]s",
		"Huben har gitt opp. %[1]s",
	},
	"fixGaveUp": {
		"Look at the hub's log, and say that it is to be tried again when the cause is gone.",
		"Katso hubin lokia ja pyydä yrittämään uudelleen, kun syy on poistunut.",
		"Se i hubbens logg och begär ett nytt försök när orsaken är borta.",
		"Se i hubens logg og be om et nytt forsøk når årsaken er borte.",
	},
	"uncertain": {
		"The answer of %[1]s was lost, so it is not known whether it was carried out. %[2]s",
		"Järjestelmän %[1]s vastaus katosi, joten ei tiedetä, tehtiinkö muutos. %[2]s",
		"Svaret från %[1]s försvann, så det är inte känt om det utfördes. %[2]s",
		"Svaret fra %[1]s gikk tapt, så det er ikke kjent om det ble utført. %[2]s",
	},
	"fixUncertain": {
		"Nothing has to be done: the hub finds out before it sends anything else.",
		"Mitään ei tarvitse tehdä: hub ottaa asiasta selvää ennen kuin lähettää muuta.",
		"Ingenting behöver göras: hubben tar reda på det innan den skickar något annat.",
		"Ingenting trenger å gjøres: huben finner det ut før den sender noe annet.",
	},
	"silent": {
		"%[1]s does not answer, or asks the hub to wait.",
		"%[1]s ei vastaa tai pyytää hubia odottamaan.",
		"%[1]s svarar inte, eller ber hubben vänta.",
		"%[1]s svarer ikke, eller ber huben vente.",
	},
	"fixSilent": {
		"The hub tries again by itself. If it goes on, ask the provider of the system.",
		"Hub yrittää itsestään uudelleen. Jos tilanne jatkuu, kysy järjestelmän toimittajalta.",
		"Hubben försöker igen av sig själv. Om det fortsätter, fråga systemets leverantör.",
		"Huben prøver igjen av seg selv. Hvis det fortsetter, spør systemets leverandør.",
	},
	"inProgress": {
		"The hub is talking to %[1]s about it.",
		"Hub käsittelee asiaa parhaillaan järjestelmän %[1]s kanssa.",
		"Hubben behandlar det just nu med %[1]s.",
		"Huben behandler det akkurat nå med %[1]s.",
	},
	"due": {
		"It waits for its turn; %[1]s go first. %[2]s",
		"Se odottaa vuoroaan; edellä on %[1]s. %[2]s",
		"Den väntar på sin tur; %[1]s går före. %[2]s",
		"Den venter på tur; %[1]s går foran. %[2]s",
	},
	"fixTurn": {
		"Nothing has to be done.",
		"Mitään ei tarvitse tehdä.",
		"Ingenting behöver göras.",
		"Ingenting trenger å gjøres.",
	},
	"keptBack": {
		"Everything is in agreement but what %[1]s would not take. %[2]s",
		"Kaikki muu on ajan tasalla paitsi se, mitä %[1]s ei ottaisi vastaan. %[2]s",
		"Allt är uppdaterat utom det som %[1]s inte skulle ta emot. %[2]s",
		"Alt er oppdatert bortsett fra det som %[1]s ikke ville ta imot. %[2]s",
	},
	"fixKeptBack": {
		"Mend the value if the system has to have it.",
		"Korjaa arvo, jos järjestelmän pitää saada se.",
		"Rätta värdet om systemet ska ha det.",
		"Rett verdien hvis systemet skal ha den.",
	},
}
