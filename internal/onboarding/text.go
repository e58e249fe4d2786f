package onboarding

import "customerhub/internal/advice"

// titles name the steps.
var titles = map[Key]advice.Said{
	Roles:        {"Organisation and roles", "Organisaatio ja roolit", "Organisation och roller", "Organisasjon og roller"},
	Identifiers:  {"API identifiers of Netvisor", "Netvisorin rajapintatunnisteet", "API-identifierare för Netvisor", "API-identifikatorer for Netvisor"},
	Rights:       {"Rights to Netvisor's interface resources", "Oikeudet Netvisorin rajapintaresursseihin", "Rättigheter till Netvisors gränssnittsresurser", "Rettigheter til Netvisors grensesnittressurser"},
	Verified:     {"Connection to Netvisor verified", "Netvisor-yhteys tarkistettu", "Anslutningen till Netvisor verifierad", "Tilkoblingen til Netvisor bekreftet"},
	KYCUser:      {"Integration user of Netvisor KYC", "Netvisor KYC:n integraatiokäyttäjä", "Integrationsanvändare i Netvisor KYC", "Integrasjonsbruker i Netvisor KYC"},
	KYCVerified:  {"Credentials of Netvisor KYC verified", "Netvisor KYC:n tunnukset varmennettu", "Inloggningsuppgifter för Netvisor KYC verifierade", "Pålogging for Netvisor KYC bekreftet"},
	KYCScope:     {"Scope of Netvisor KYC", "Netvisor KYC:n laajuus", "Omfattning för Netvisor KYC", "Omfang for Netvisor KYC"},
	ReportEmail:  {"E-mail address for error reports", "Virheraporttien sähköpostiosoite", "E-postadress för felrapporter", "E-postadresse for feilrapporter"},
	FlexEnabled:  {"Admicom Flex enabled by its support", "Tuki on ottanut Admicom Flexin käyttöön", "Admicom Flex aktiverat av supporten", "Admicom Flex aktivert av support"},
	FlexTypes:    {"Customer types of Admicom Flex checked", "Admicom Flexin asiakastyypit tarkistettu", "Kundtyper i Admicom Flex kontrollerade", "Kundetyper i Admicom Flex kontrollert"},
	NumberSeries: {"Number series checked", "Numerosarjat tarkistettu", "Nummerserier kontrollerade", "Nummerserier kontrollert"},
	Direction:    {"Direction of the first run chosen", "Ensiajon suunta valittu", "Första körningens riktning vald", "Retning for første kjøring valgt"},
	DryRun:       {"Dry run of the first run approved", "Ensiajon suunnitelma hyväksytty", "Första körningens plan godkänd", "Planen for første kjøring godkjent"},
	CustomFields: {"Custom fields mapped", "Lisäkentät määritelty", "Egna fält mappade", "Egendefinerte felt definert"},
	InitialRun:   {"Initial run done", "Ensiajo tehty", "Första körningen gjord", "Første kjøring utført"},
	Monitoring:   {"Monitoring on", "Valvonta päällä", "Övervakning på", "Overvåking på"},
}

// lacks are what can be missing. %[1]s are names of systems, or words of theirs.
var lacks = map[string]advice.Said{
	"noManager": {
		"No API key in force may manage systems.",
		"Yhdelläkään voimassa olevalla API-avaimella ei voi hallita järjestelmiä.",
		"Ingen giltig API-nyckel får hantera system.",
		"Ingen gyldig API-nøkkel kan administrere systemer.",
	},
	"noNetvisor": {
		"No Netvisor company is configured.",
		"Yhtään Netvisor-yritystä ei ole määritetty.",
		"Inget Netvisor-företag är konfigurerat.",
		"Ingen Netvisor-bedrift er satt opp.",
	},
	"noIdentifiers": {
		"The API identifiers have not been entered: %[1]s.",
		"Rajapintatunnisteita ei ole annettu: %[1]s.",
		"API-identifierarna har inte angetts: %[1]s.",
		"API-identifikatorene er ikke oppgitt: %[1]s.",
	},
	"notChecked": {
		"The rights have not been checked yet: %[1]s.",
		"Oikeuksia ei ole vielä tarkistettu: %[1]s.",
		"Rättigheterna har inte kontrollerats ännu: %[1]s.",
		"Rettighetene er ikke kontrollert ennå: %[1]s.",
	},
	"rightsMissing": {
		"Refused: %[1]s",
		"Hylätty: %[1]s",
		"Avvisat: %[1]s",
		"Avvist: %[1]s",
	},
	"notVerified": {
		"The connection is not verified, or no longer: %[1]s.",
		"Yhteyttä ei ole tarkistettu, tai se ei enää toimi: %[1]s.",
		"Anslutningen är inte verifierad, eller inte längre: %[1]s.",
		"Tilkoblingen er ikke bekreftet, eller ikke lenger: %[1]s.",
	},
	"noKYC": {
		"No Netvisor KYC is configured.",
		"Netvisor KYC:tä ei ole määritetty.",
		"Inget Netvisor KYC är konfigurerat.",
		"Netvisor KYC er ikke satt opp.",
	},
	"kycDisabled": {
		"The interfaces are not enabled, or nobody has asked yet whether they are: %[1]s.",
		"Rajapintoja ei ole avattu, tai sitä ei ole vielä kysytty: %[1]s.",
		"Gränssnitten är inte öppnade, eller ingen har frågat ännu: %[1]s.",
		"Grensesnittene er ikke åpnet, eller ingen har spurt ennå: %[1]s.",
	},
	"kycRefused": {
		"KYC could not verify what it was handed: %[1]s",
		"KYC ei voinut varmentaa annettuja tietoja: %[1]s",
		"KYC kunde inte verifiera det som det fick: %[1]s",
		"KYC kunne ikke bekrefte det som ble gitt: %[1]s",
	},
	"kycNotVerified": {
		"KYC has not verified the identifiers yet: %[1]s.",
		"KYC ei ole vielä varmentanut tunnisteita: %[1]s.",
		"KYC har inte verifierat identifierarna ännu: %[1]s.",
		"KYC har ikke bekreftet identifikatorene ennå: %[1]s.",
	},
	"kycScope": {
		"Nobody has decided yet which customers go to KYC: %[1]s.",
		"Vielä ei ole päätetty, mitkä asiakkaat viedään KYC:hen: %[1]s.",
		"Ingen har ännu bestämt vilka kunder som förs till KYC: %[1]s.",
		"Ingen har ennå bestemt hvilke kunder som sendes til KYC: %[1]s.",
	},
	"noReportEmail": {
		"Nobody is told of errors: %[1]s.",
		"Virheistä ei ilmoiteta kenellekään: %[1]s.",
		"Ingen får veta om fel: %[1]s.",
		"Ingen får vite om feil: %[1]s.",
	},
	"noFlex": {
		"No Admicom Flex is configured.",
		"Admicom Flexiä ei ole määritetty.",
		"Inget Admicom Flex är konfigurerat.",
		"Admicom Flex er ikke satt opp.",
	},
	"flexDisabled": {
		"The integration is not enabled, or nobody has checked yet whether it is: %[1]s.",
		"Integraatiota ei ole otettu käyttöön, tai sitä ei ole vielä tarkistettu: %[1]s.",
		"Integrationen är inte aktiverad, eller ingen har kontrollerat det ännu: %[1]s.",
		"Integrasjonen er ikke aktivert, eller ingen har kontrollert det ennå: %[1]s.",
	},
	"flexTypes": {
		"The customer types do not do yet: %[1]s",
		"Asiakastyypit eivät vielä kelpaa: %[1]s",
		"Kundtyperna duger inte ännu: %[1]s",
		"Kundetypene er ikke i orden ennå: %[1]s",
	},
	"seriesMeet": {
		"%[1]s",
		"Numerosarjat kohtaavat: %[1]s",
		"Nummerserierna möts: %[1]s",
		"Nummerseriene møtes: %[1]s",
	},
	"seriesUnknown": {
		"The customers' numbers are not known yet.",
		"Asiakasnumeroita ei vielä tunneta.",
		"Kundernas nummer är inte kända ännu.",
		"Kundenes numre er ikke kjent ennå.",
	},
	"noDirection": {
		"Nobody has chosen which way the first run goes: %[1]s.",
		"Ensiajon suuntaa ei ole valittu: %[1]s.",
		"Ingen har valt riktning för den första körningen: %[1]s.",
		"Ingen har valgt retning for den første kjøringen: %[1]s.",
	},
	"notApproved": {
		"Nobody has approved what the first run does: %[1]s.",
		"Ensiajon suunnitelmaa ei ole hyväksytty: %[1]s.",
		"Ingen har godkänt vad den första körningen gör: %[1]s.",
		"Ingen har godkjent hva den første kjøringen gjør: %[1]s.",
	},
	"unmapped": {
		"Nobody has said what these fields are: %[1]s.",
		"Näitä kenttiä ei ole määritelty: %[1]s.",
		"Ingen har sagt vad dessa fält är: %[1]s.",
		"Ingen har sagt hva disse feltene er: %[1]s.",
	},
	"noInitialRun": {
		"The hub has not read everything yet: %[1]s.",
		"Hub ei ole vielä lukenut kaikkea: %[1]s.",
		"Hubben har inte läst allt ännu: %[1]s.",
		"Huben har ikke lest alt ennå: %[1]s.",
	},
	"notRunning": {
		"Not kept in agreement at present: %[1]s.",
		"Tietoja ei tällä hetkellä pidetä ajan tasalla: %[1]s.",
		"Hålls för närvarande inte uppdaterat: %[1]s.",
		"Holdes for tiden ikke oppdatert: %[1]s.",
	},
	"noMailServer": {
		"The hub has no mail server, so error reports reach nobody.",
		"Hubilla ei ole sähköpostipalvelinta, joten virheraportit eivät mene perille.",
		"Hubben har ingen e-postserver, så felrapporter når ingen.",
		"Huben har ingen e-postserver, så feilrapporter når ingen.",
	},
}

// hows are what mends what lacks has under the same key.
var hows = map[string]advice.Said{
	"noManager": {
		"Create one: `hub key create NAME --scope admin`, or with `systems:manage`.",
		"Luo avain: `hub key create NIMI --scope admin` tai `systems:manage`.",
		"Skapa en: `hub key create NAMN --scope admin`, eller med `systems:manage`.",
		"Opprett en: `hub key create NAVN --scope admin`, eller med `systems:manage`.",
	},
	"noNetvisor": {
		"Add it: `createSystem(kind: NETVISOR)`.",
		"Lisää se: `createSystem(kind: NETVISOR)`.",
		"Lägg till det: `createSystem(kind: NETVISOR)`.",
		"Legg det til: `createSystem(kind: NETVISOR)`.",
	},
	"noIdentifiers": {
		"Create them in Netvisor under Maintenance > Interface identifiers, and enter them: `setSystemCredentials`.",
		"Luo ne Netvisorissa kohdassa Ylläpito > Rajapintatunnisteet ja anna ne: `setSystemCredentials`.",
		"Skapa dem i Netvisor under Underhåll > Gränssnittsidentifierare och ange dem: `setSystemCredentials`.",
		"Opprett dem i Netvisor under Vedlikehold > Grensesnittidentifikatorer, og oppgi dem: `setSystemCredentials`.",
	},
	"notChecked": {
		"Have them checked: `checkSystem`.",
		"Pyydä tarkistus: `checkSystem`.",
		"Låt kontrollera dem: `checkSystem`.",
		"Få dem kontrollert: `checkSystem`.",
	},
	"rightsMissing": {
		"Allow what is named on Netvisor's page for the rights of interface resources; `System.checks` says how. Then check again: `checkSystem`.",
		"Salli nimetyt kohdat Netvisorin rajapintaresurssien oikeuksissa; `System.checks` kertoo miten. Tarkista sitten uudelleen: `checkSystem`.",
		"Tillåt det som nämns på Netvisors sida för gränssnittsresurser; `System.checks` säger hur. Kontrollera sedan på nytt: `checkSystem`.",
		"Tillat det som er nevnt på Netvisors side for grensesnittressurser; `System.checks` sier hvordan. Kontroller så på nytt: `checkSystem`.",
	},
	"notVerified": {
		"Mend what `System.fault` and `System.checks` name, and check again: `checkSystem`.",
		"Korjaa, mitä `System.fault` ja `System.checks` kertovat, ja tarkista uudelleen: `checkSystem`.",
		"Rätta det som `System.fault` och `System.checks` nämner och kontrollera på nytt: `checkSystem`.",
		"Rett det som `System.fault` og `System.checks` nevner, og kontroller på nytt: `checkSystem`.",
	},
	"noKYC": {
		"Add it: `createSystem(kind: NETVISOR_KYC)`. Or acknowledge the step, if the profile lets you.",
		"Lisää se: `createSystem(kind: NETVISOR_KYC)`. Tai kuittaa vaihe, jos profiili sallii.",
		"Lägg till det: `createSystem(kind: NETVISOR_KYC)`. Eller kvittera steget, om profilen tillåter.",
		"Legg det til: `createSystem(kind: NETVISOR_KYC)`. Eller kvitter ut trinnet, hvis profilen tillater det.",
	},
	"kycDisabled": {
		"Ask KYC's support (tuki.kyc@visma.com) to enable the interfaces and to make the integration user; then `requestSystemCredential`.",
		"Pyydä KYC:n tukea (tuki.kyc@visma.com) avaamaan rajapinnat ja luomaan integraatiokäyttäjä; sitten `requestSystemCredential`.",
		"Be KYC:s support (tuki.kyc@visma.com) öppna gränssnitten och skapa integrationsanvändaren; sedan `requestSystemCredential`.",
		"Be KYCs support (tuki.kyc@visma.com) åpne grensesnittene og opprette integrasjonsbrukeren; deretter `requestSystemCredential`.",
	},
	"kycRefused": {
		"Mend the side that is named, and have it verified again: `submitSystem`. Support: tuki.kyc@visma.com.",
		"Korjaa nimetty puoli ja pyydä varmennus uudelleen: `submitSystem`. Tuki: tuki.kyc@visma.com.",
		"Rätta den sida som nämns och låt verifiera på nytt: `submitSystem`. Support: tuki.kyc@visma.com.",
		"Rett siden som er nevnt, og få det bekreftet på nytt: `submitSystem`. Support: tuki.kyc@visma.com.",
	},
	"kycNotVerified": {
		"Request the credential and have both sides verified: `requestSystemCredential`, `submitSystem`.",
		"Pyydä tunnukset ja molempien puolten varmennus: `requestSystemCredential`, `submitSystem`.",
		"Begär inloggningsuppgifter och låt verifiera båda sidor: `requestSystemCredential`, `submitSystem`.",
		"Be om påloggingen og få begge sider bekreftet: `requestSystemCredential`, `submitSystem`.",
	},
	"kycScope": {
		"Set `onlyWithContactPerson` as it is wanted (`setSystemSettings`); it counts from when it is handed over (`submitSystem`).",
		"Aseta `onlyWithContactPerson` halutuksi (`setSystemSettings`); se on voimassa, kun tiedot on annettu (`submitSystem`).",
		"Ställ in `onlyWithContactPerson` som önskas (`setSystemSettings`); det gäller när det har lämnats över (`submitSystem`).",
		"Sett `onlyWithContactPerson` slik det er ønsket (`setSystemSettings`); det gjelder når det er overlevert (`submitSystem`).",
	},
	"noReportEmail": {
		"Say who is to be told: `setSystemErrorReport`.",
		"Kerro, kenelle ilmoitetaan: `setSystemErrorReport`.",
		"Säg vem som ska få veta: `setSystemErrorReport`.",
		"Si hvem som skal få vite det: `setSystemErrorReport`.",
	},
	"noFlex": {
		"Order the integration from support (tuki@hillava.com) and add the system. Or acknowledge the step, if the profile lets you.",
		"Tilaa integraatio tuesta (tuki@hillava.com) ja lisää järjestelmä. Tai kuittaa vaihe, jos profiili sallii.",
		"Beställ integrationen av supporten (tuki@hillava.com) och lägg till systemet. Eller kvittera steget, om profilen tillåter.",
		"Bestill integrasjonen hos support (tuki@hillava.com) og legg til systemet. Eller kvitter ut trinnet, hvis profilen tillater det.",
	},
	"flexDisabled": {
		"Ask support (tuki@hillava.com) to enable it, and check the system: `checkSystem`.",
		"Pyydä tukea (tuki@hillava.com) ottamaan se käyttöön ja tarkista järjestelmä: `checkSystem`.",
		"Be supporten (tuki@hillava.com) aktivera den och kontrollera systemet: `checkSystem`.",
		"Be support (tuki@hillava.com) aktivere den, og kontroller systemet: `checkSystem`.",
	},
	"flexTypes": {
		"Have support (tuki@hillava.com) make the types that are named, without a number series, and check again: `checkSystem`.",
		"Pyydä tukea (tuki@hillava.com) luomaan nimetyt tyypit ilman numerosarjaa ja tarkista uudelleen: `checkSystem`.",
		"Låt supporten (tuki@hillava.com) skapa de nämnda typerna utan nummerserie och kontrollera på nytt: `checkSystem`.",
		"La support (tuki@hillava.com) opprette typene som er nevnt, uten nummerserie, og kontroller på nytt: `checkSystem`.",
	},
	"seriesMeet": {
		"Have one of the systems go on from a number far from those of the other; `numberSeries` has the figures.",
		"Aseta toinen järjestelmistä jatkamaan numerosta, joka on kaukana toisen numeroista; `numberSeries` näyttää luvut.",
		"Låt det ena systemet fortsätta från ett nummer långt från det andras; `numberSeries` visar siffrorna.",
		"La det ene systemet fortsette fra et nummer langt fra det andres; `numberSeries` viser tallene.",
	},
	"seriesUnknown": {
		"Plan a first run, or do it: `planSystem`.",
		"Suunnittele ensiajo tai tee se: `planSystem`.",
		"Planera en första körning, eller gör den: `planSystem`.",
		"Planlegg en første kjøring, eller utfør den: `planSystem`.",
	},
	"noDirection": {
		"Plan the first run with its mode: `planSystem(mode: IMPORT, EXPORT or BOTH)`, or `hub plan`.",
		"Suunnittele ensiajo suuntineen: `planSystem(mode: IMPORT, EXPORT tai BOTH)` tai `hub plan`.",
		"Planera den första körningen med riktning: `planSystem(mode: IMPORT, EXPORT eller BOTH)`, eller `hub plan`.",
		"Planlegg den første kjøringen med retning: `planSystem(mode: IMPORT, EXPORT eller BOTH)`, eller `hub plan`.",
	},
	"notApproved": {
		"Look at the plan, and approve and apply it: `approvePlan` and `applyPlan`, or `hub apply`.",
		"Katso suunnitelma, hyväksy ja toteuta se: `approvePlan` ja `applyPlan` tai `hub apply`.",
		"Se på planen, godkänn och genomför den: `approvePlan` och `applyPlan`, eller `hub apply`.",
		"Se på planen, godkjenn og gjennomfør den: `approvePlan` og `applyPlan`, eller `hub apply`.",
	},
	"unmapped": {
		"Say of each what it is: `defineCustomField`.",
		"Määrittele kukin kenttä: `defineCustomField`.",
		"Säg om vart och ett vad det är: `defineCustomField`.",
		"Si om hvert av dem hva det er: `defineCustomField`.",
	},
	"noInitialRun": {
		"Apply the first run (`applyPlan`) or start the system (`startSystem`), and wait until it has ended.",
		"Toteuta ensiajo (`applyPlan`) tai käynnistä järjestelmä (`startSystem`) ja odota, että se päättyy.",
		"Genomför den första körningen (`applyPlan`) eller starta systemet (`startSystem`) och vänta tills den är klar.",
		"Gjennomfør den første kjøringen (`applyPlan`) eller start systemet (`startSystem`), og vent til den er ferdig.",
	},
	"notRunning": {
		"Start it: `startSystem`.",
		"Käynnistä se: `startSystem`.",
		"Starta det: `startSystem`.",
		"Start det: `startSystem`.",
	},
	"noMailServer": {
		"Give the hub a mail server: HUB_MAIL_URL and HUB_MAIL_FROM.",
		"Anna hubille sähköpostipalvelin: HUB_MAIL_URL ja HUB_MAIL_FROM.",
		"Ge hubben en e-postserver: HUB_MAIL_URL och HUB_MAIL_FROM.",
		"Gi huben en e-postserver: HUB_MAIL_URL og HUB_MAIL_FROM.",
	},
}
