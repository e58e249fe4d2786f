package finding

import "customerhub/internal/advice"

// values are the codes about a single value that is odd.
var values = []Row{
	{
		Code: BusinessIDInvalid, Who: advice.User, Example: "The business ID `1572860-5`, whose check digit would be 0.",
		Means: advice.Said{
			"The business ID cannot be right. It is kept as found, and left out of e-invoicing and due diligence.",
			"Y-tunnus ei voi olla oikein. Se säilytetään sellaisenaan, eikä sitä käytetä verkkolaskutuksessa eikä asiakkaan tuntemisessa.",
			"FO-numret kan inte stämma. Det sparas som det är och används inte för e-fakturering eller kundkännedom.",
			"Organisasjonsnummeret kan ikke stemme. Det beholdes som det er og brukes ikke til e-faktura eller kundekontroll.",
		},
		How: advice.Said{
			"Look the organisation up in the business register and correct the business ID, here or in the system.",
			"Tarkista organisaatio yritysrekisteristä ja korjaa Y-tunnus täällä tai järjestelmässä.",
			"Slå upp organisationen i företagsregistret och rätta FO-numret, här eller i systemet.",
			"Slå opp organisasjonen i foretaksregisteret og rett nummeret, her eller i systemet.",
		},
	},
	{
		Code: IdentityCodeDropped, Who: advice.User, Example: "A personal identity code in the field for the business ID.",
		Means: advice.Said{
			"A personal identity code stood in a field that is not for it. The value was dropped and the record kept.",
			"Henkilötunnus oli kentässä, johon se ei kuulu. Arvo jätettiin pois ja tietue säilytettiin.",
			"En personbeteckning stod i ett fält som inte är avsett för den. Värdet utelämnades och posten behölls.",
			"Et fødselsnummer sto i et felt som ikke er ment for det. Verdien ble utelatt og posten beholdt.",
		},
		How: advice.Said{
			"Remove the personal identity code from the record in the system.",
			"Poista henkilötunnus järjestelmän tietueesta.",
			"Ta bort personbeteckningen från posten i systemet.",
			"Fjern fødselsnummeret fra posten i systemet.",
		},
	},
	{
		Code: HetuMasked, Who: advice.User, Example: "A personal identity code at the end of a street address.",
		Means: advice.Said{
			"A personal identity code stood in free text, where it was hidden.",
			"Vapaassa tekstissä oli henkilötunnus; se piilotettiin.",
			"En personbeteckning stod i fri text, där den doldes.",
			"Et fødselsnummer sto i fritekst, der det ble skjult.",
		},
		How: advice.Said{
			"Remove the personal identity code from the text in the system.",
			"Poista henkilötunnus järjestelmän tekstistä.",
			"Ta bort personbeteckningen ur texten i systemet.",
			"Fjern fødselsnummeret fra teksten i systemet.",
		},
	},
	{
		Code: EInvoiceInvalid, Who: advice.User, Example: "The e-invoice address `FI2112345600000786`, an IBAN whose check digits do not fit.",
		Means: advice.Said{
			"An e-invoice address or its operator cannot be right.",
			"Verkkolaskuosoite tai sen välittäjä ei voi olla oikein.",
			"En e-fakturaadress eller dess operatör kan inte stämma.",
			"En e-fakturaadresse eller operatøren kan ikke stemme.",
		},
		How: advice.Said{
			"Ask the customer for its e-invoice address and operator, and correct both.",
			"Pyydä asiakkaalta verkkolaskuosoite ja välittäjä ja korjaa molemmat.",
			"Be kunden om e-fakturaadress och operatör, och rätta båda.",
			"Be kunden om e-fakturaadresse og operatør, og rett begge.",
		},
	},
	{
		Code: EInvoiceIncomplete, Who: advice.User, Example: "The e-invoice address `003715728600` without an operator.",
		Means: advice.Said{
			"An e-invoice address came without its operator, or the reverse.",
			"Verkkolaskuosoitteelta puuttuu välittäjä tai välittäjältä osoite.",
			"En e-fakturaadress kom utan operatör, eller tvärtom.",
			"En e-fakturaadresse kom uten operatør, eller omvendt.",
		},
		How: advice.Said{
			"Add what is missing, or remove the other.",
			"Lisää puuttuva tieto tai poista toinen.",
			"Lägg till det som saknas, eller ta bort det andra.",
			"Legg til det som mangler, eller fjern det andre.",
		},
	},
	{
		Code: EInvoiceOtherOrg, Who: advice.User, Example: "The customer `1572860-0` with the e-invoice address `003702012566`, which is of `0201256-6`.",
		Means: advice.Said{
			"An e-invoice address has the business ID of another organisation; it was kept.",
			"Verkkolaskuosoitteessa on toisen organisaation Y-tunnus; se säilytettiin.",
			"En e-fakturaadress innehåller en annan organisations FO-nummer; den behölls.",
			"En e-fakturaadresse inneholder en annen organisasjons nummer; den ble beholdt.",
		},
		How: advice.Said{
			"Ask the customer whether another organisation receives its invoices. If so, nothing has to be done; if not, correct the address.",
			"Kysy asiakkaalta, vastaanottaako toinen organisaatio sen laskut. Jos vastaanottaa, mitään ei tarvitse tehdä; jos ei, korjaa osoite.",
			"Fråga kunden om en annan organisation tar emot fakturorna. Om ja, behöver ingenting göras; annars rätta adressen.",
			"Spør kunden om en annen organisasjon mottar fakturaene. I så fall trenger ingenting å gjøres; ellers rett adressen.",
		},
	},
	{
		Code: OperatorUnknown, Who: advice.User, Example: "The operator `NOBODY`.",
		Means: advice.Said{
			"An e-invoice operator is not in the hub's list; it was kept, and a system may refuse it.",
			"Verkkolaskuvälittäjä ei ole hubin luettelossa; se säilytettiin, ja järjestelmä voi hylätä sen.",
			"En e-fakturaoperatör finns inte i hubbens förteckning; den behölls, och ett system kan avvisa den.",
			"En e-fakturaoperatør finnes ikke i hubens liste; den ble beholdt, og et system kan avvise den.",
		},
		How: advice.Said{
			"Check the operator's code with the customer, and correct it if it is wrong.",
			"Tarkista välittäjän tunnus asiakkaalta ja korjaa se, jos se on väärin.",
			"Kontrollera operatörens kod med kunden och rätta den om den är fel.",
			"Kontroller operatørens kode med kunden og rett den hvis den er feil.",
		},
	},
	{
		Code: ValueCorrected, Who: advice.User, Example: "The operator `BAWCF122`, which is taken as `BAWCFI22`.",
		Means: advice.Said{
			"A known misspelling or an old form of a value stood in the system; the right form was taken.",
			"Järjestelmässä oli tunnettu kirjoitusvirhe tai vanha muoto; oikea muoto otettiin käyttöön.",
			"En känd felstavning eller en äldre form stod i systemet; den rätta formen togs.",
			"En kjent skrivefeil eller en eldre form sto i systemet; den riktige formen ble tatt.",
		},
		How: advice.Said{
			"Correct it in the system too, where the hub does not write it.",
			"Korjaa se myös järjestelmässä, jos hub ei kirjoita sinne.",
			"Rätta det också i systemet, om hubben inte skriver dit.",
			"Rett det også i systemet, hvis huben ikke skriver dit.",
		},
	},
	{
		Code: EmailInvalid, Who: advice.User, Example: "The e-mail address `info(at)example.test`.",
		Means: advice.Said{
			"A value is not an e-mail address; it was kept as it was typed.",
			"Arvo ei ole sähköpostiosoite; se säilytettiin sellaisenaan.",
			"Ett värde är inte en e-postadress; det behölls som det skrevs.",
			"En verdi er ikke en e-postadresse; den ble beholdt slik den ble skrevet.",
		},
		How: advice.Said{
			"Correct the address, here or in the system.",
			"Korjaa osoite täällä tai järjestelmässä.",
			"Rätta adressen, här eller i systemet.",
			"Rett adressen, her eller i systemet.",
		},
	},
	{
		Code: PostcodeInvalid, Who: advice.User, Example: "The Finnish postcode `1510O`, with a letter.",
		Means: advice.Said{
			"A value is not a postcode of its country; it was kept as it was typed.",
			"Arvo ei ole maansa postinumero; se säilytettiin sellaisenaan.",
			"Ett värde är inte ett postnummer i sitt land; det behölls som det skrevs.",
			"En verdi er ikke et postnummer i landet sitt; den ble beholdt slik den ble skrevet.",
		},
		How: advice.Said{
			"Correct the postcode or the country, here or in the system.",
			"Korjaa postinumero tai maa täällä tai järjestelmässä.",
			"Rätta postnumret eller landet, här eller i systemet.",
			"Rett postnummeret eller landet, her eller i systemet.",
		},
	},
	{
		Code: LanguageUnknown, Who: advice.User, Example: "The invoicing language `DE`.",
		Means: advice.Said{
			"A language is none of Finnish, Swedish and English; Finnish was taken.",
			"Kieli ei ole suomi, ruotsi eikä englanti; kieleksi otettiin suomi.",
			"Ett språk är varken finska, svenska eller engelska; finska togs.",
			"Et språk er verken finsk, svensk eller engelsk; finsk ble tatt.",
		},
		How: advice.Said{
			"Choose one of the three in the system, even if it is Finnish.",
			"Valitse järjestelmässä jokin kolmesta, vaikka se olisi suomi.",
			"Välj ett av de tre i systemet, även om det är finska.",
			"Velg ett av de tre i systemet, også om det er finsk.",
		},
	},
	{
		Code: CountryUnknown, Who: advice.User, Example: "The country `UK`, whose code is `GB`.",
		Means: advice.Said{
			"The country is not a code of ISO 3166-1, so it was left out.",
			"Maa ei ole ISO 3166-1 -maakoodi, joten se jätettiin pois.",
			"Landet är inte en landskod enligt ISO 3166-1, så det utelämnades.",
			"Landet er ikke en landkode etter ISO 3166-1, så det ble utelatt.",
		},
		How: advice.Said{
			"Choose the country's code of two letters, here or in the system.",
			"Valitse maan kaksikirjaiminen tunnus täällä tai järjestelmässä.",
			"Välj landets kod med två bokstäver, här eller i systemet.",
			"Velg landets kode med to bokstaver, her eller i systemet.",
		},
	},
	{
		Code: PhoneNotUnderstood, Who: advice.User, Example: "The phone number `vaihde`, or two numbers in one field.",
		Means: advice.Said{
			"A phone number could not be understood; it is kept as typed.",
			"Puhelinnumeroa ei ymmärretty; se säilytetään sellaisenaan.",
			"Ett telefonnummer kunde inte tolkas; det behålls som det skrevs.",
			"Et telefonnummer kunne ikke tolkes; det beholdes slik det ble skrevet.",
		},
		How: advice.Said{
			"Write one number into the field, here or in the system, with its country code if it is not Finnish.",
			"Kirjoita kenttään yksi numero täällä tai järjestelmässä; maatunnuksen kanssa, jos se ei ole suomalainen.",
			"Skriv ett nummer i fältet, här eller i systemet, med landsnummer om det inte är finländskt.",
			"Skriv ett nummer i feltet, her eller i systemet, med landsnummer hvis det ikke er finsk.",
		},
	},
	{
		Code: ContactNameMissing, Who: advice.User, Example: "A contact person with the last name `Malli` and no first name.",
		Means: advice.Said{
			"A contact person lacks a first or a last name.",
			"Yhteyshenkilöltä puuttuu etu- tai sukunimi.",
			"En kontaktperson saknar för- eller efternamn.",
			"En kontaktperson mangler for- eller etternavn.",
		},
		How: advice.Said{
			"Complete the name in the system.",
			"Täydennä nimi järjestelmässä.",
			"Komplettera namnet i systemet.",
			"Fyll ut navnet i systemet.",
		},
	},
	{
		Code: CustomFieldUnmapped, Who: advice.Administrator, Example: "An additional field `Asiakaslähde` that nobody has defined in the hub.",
		Means: advice.Said{
			"The system has a field that nobody has defined as a custom field; its values are kept as text.",
			"Järjestelmässä on kenttä, jota kukaan ei ole määritellyt lisätietokentäksi; sen arvot säilytetään tekstinä.",
			"Systemet har ett fält som ingen har definierat som eget fält; dess värden sparas som text.",
			"Systemet har et felt som ingen har definert som eget felt; verdiene beholdes som tekst.",
		},
		How: advice.Said{
			"Define the custom field, with its type.",
			"Määrittele lisätietokenttä ja sen tyyppi.",
			"Definiera det egna fältet och dess typ.",
			"Definer det egne feltet og typen.",
		},
	},
	{
		Code: CustomFieldInvalid, Who: advice.User, Example: "The text `joskus` in a custom field for a date.",
		Means: advice.Said{
			"A value is not of the type of its custom field and was left out; an earlier value stands.",
			"Arvo ei ole lisätietokenttänsä tyyppiä ja jätettiin pois; aiempi arvo on voimassa.",
			"Ett värde är inte av sitt egna fälts typ och utelämnades; ett tidigare värde gäller.",
			"En verdi er ikke av typen til det egne feltet og ble utelatt; en tidligere verdi gjelder.",
		},
		How: advice.Said{
			"Correct the value in the system, or change the definition of the custom field.",
			"Korjaa arvo järjestelmässä tai muuta lisätietokentän määritystä.",
			"Rätta värdet i systemet, eller ändra det egna fältets definition.",
			"Rett verdien i systemet, eller endre definisjonen av det egne feltet.",
		},
	},
	{
		Code: OfficeEInvoice, Who: advice.User, Kept: true, Example: "An office with the e-invoice address `TE003701011385TEST`, where the system takes an OVT address only.",
		Means: advice.Said{
			"The system does not take an office's e-invoice address: it is of another kind, or the customer has no valid business ID. The hub keeps it and does not send it.",
			"Järjestelmä ei ota toimipisteen verkkolaskuosoitetta: se on väärää lajia, tai asiakkaalla ei ole kelvollista Y-tunnusta. Hub säilyttää sen eikä lähetä sitä.",
			"Systemet tar inte emot ett kontors e-fakturaadress: den är av fel slag, eller så saknar kunden ett giltigt FO-nummer. Hubben behåller den och skickar den inte.",
			"Systemet tar ikke imot et kontors e-fakturaadresse: den er av feil slag, eller kunden mangler et gyldig organisasjonsnummer. Huben beholder den og sender den ikke.",
		},
		How: advice.Said{
			"Give the office an address that the system takes, or the customer its business ID.",
			"Anna toimipisteelle osoite, jonka järjestelmä ottaa, tai asiakkaalle Y-tunnus.",
			"Ge kontoret en adress som systemet tar emot, eller kunden dess FO-nummer.",
			"Gi kontoret en adresse som systemet tar imot, eller kunden organisasjonsnummeret.",
		},
	},
	{
		Code: EInvoiceNotSent, Who: advice.User, Kept: true, Example: "A company without a business ID, whose card in the system has an e-invoice address.",
		Means: advice.Said{
			"A customer without a valid business ID has an e-invoice address. The hub keeps it and does not send it.",
			"Asiakkaalla on verkkolaskuosoite mutta ei kelvollista Y-tunnusta. Hub säilyttää osoitteen eikä lähetä sitä.",
			"En kund utan giltigt FO-nummer har en e-fakturaadress. Hubben behåller den och skickar den inte.",
			"En kunde uten et gyldig organisasjonsnummer har en e-fakturaadresse. Huben beholder den og sender den ikke.",
		},
		How: advice.Said{
			"Give the customer its business ID; the address is then sent by itself.",
			"Anna asiakkaalle Y-tunnus; osoite lähetetään sitten itsestään.",
			"Ge kunden dess FO-nummer; adressen skickas sedan av sig själv.",
			"Gi kunden organisasjonsnummeret; adressen sendes deretter av seg selv.",
		},
	},
	{
		Code: BusinessIDNotSent, Who: advice.User, Kept: true, Example: "A company with the business ID `1234567-8` in Netvisor, whose check digit does not fit, in Admicom Flex.",
		Means: advice.Said{
			"The customer's business ID cannot be right, and the system takes none of these. The hub keeps it and does not send it.",
			"Asiakkaan Y-tunnus ei voi olla oikea, eikä järjestelmä ota sellaista. Hub säilyttää sen eikä lähetä sitä.",
			"Kundens FO-nummer kan inte vara rätt, och systemet tar inte emot sådana. Hubben behåller det och skickar det inte.",
			"Kundens organisasjonsnummer kan ikke være riktig, og systemet tar ikke imot slike. Huben beholder det og sender det ikke.",
		},
		How: advice.Said{
			"Correct the business ID where it was entered; it is then sent by itself.",
			"Korjaa Y-tunnus siellä, missä se syötettiin; se lähetetään sitten itsestään.",
			"Rätta FO-numret där det matades in; det skickas sedan av sig själv.",
			"Rett organisasjonsnummeret der det ble skrevet inn; det sendes deretter av seg selv.",
		},
	},
	{
		Code: EInvoiceWithoutID, Who: advice.User, Example: "A customer in Admicom Flex with the e-invoice address `003715728600` and no business ID.",
		Means: advice.Said{
			"A customer has an e-invoice address in the system and no business ID. It is transferred with a business ID only, so it stays there.",
			"Asiakkaalla on järjestelmässä verkkolaskuosoite mutta ei Y-tunnusta. Osoite siirretään vain Y-tunnuksen kanssa, joten se jää sinne.",
			"En kund har en e-fakturaadress i systemet men inget FO-nummer. Den överförs bara med ett FO-nummer, så den blir kvar där.",
			"En kunde har en e-fakturaadresse i systemet, men ikke noe organisasjonsnummer. Den overføres bare med et organisasjonsnummer, så den blir der.",
		},
		How: advice.Said{
			"Give the customer its business ID there; the address then comes in by itself.",
			"Anna asiakkaalle siellä Y-tunnus; osoite tulee sitten itsestään.",
			"Ge kunden dess FO-nummer där; adressen kommer sedan in av sig själv.",
			"Gi kunden organisasjonsnummeret der; adressen kommer deretter inn av seg selv.",
		},
	},
	{
		Code: ConsumerEInvoice, Who: advice.User, Example: "A consumer e-invoice in Admicom Flex, and the business ID `1572860-0` in Netvisor.",
		Means: advice.Said{
			"One side has a consumer e-invoice and the other a business ID, which exclude each other. Neither is taken over, and each side keeps its own.",
			"Toisella puolella on kuluttajan e-lasku ja toisella Y-tunnus, jotka sulkevat toisensa pois. Kumpaakaan ei siirretä, ja molemmat pitävät omansa.",
			"Ena sidan har en e-faktura för konsumenter och den andra ett FO-nummer, som utesluter varandra. Ingetdera tas över, och båda behåller sitt.",
			"Den ene siden har en e-faktura for forbrukere og den andre et organisasjonsnummer, som utelukker hverandre. Ingen av dem overtas, og begge beholder sitt.",
		},
		How: advice.Said{
			"Find out whether the customer is a consumer or a company. A consumer ends a consumer e-invoice in the own net bank; a wrong business ID is removed where it stands.",
			"Selvitä, onko asiakas kuluttaja vai yritys. Kuluttaja päättää e-laskun omassa verkkopankissaan; väärä Y-tunnus poistetaan sieltä, missä se on.",
			"Ta reda på om kunden är en konsument eller ett företag. En konsument avslutar e-fakturan i sin egen nätbank; ett fel FO-nummer tas bort där det står.",
			"Finn ut om kunden er en forbruker eller et foretak. En forbruker avslutter e-fakturaen i sin egen nettbank; et feil organisasjonsnummer fjernes der det står.",
		},
	},
	{
		Code: PrivateWithID, Who: advice.User, Example: "A sole trader with the customer type of private customers and the business ID `1572860-0`.",
		Means: advice.Said{
			"The customer type says private, and the customer has a business ID, as sole traders do. It is a private customer in other systems.",
			"Asiakastyyppi on yksityinen, ja asiakkaalla on Y-tunnus, kuten toiminimillä. Se on muissa järjestelmissä yksityisasiakas.",
			"Kundtypen är privat, och kunden har ett FO-nummer, som enskilda näringsidkare har. Den är en privatkund i andra system.",
			"Kundetypen er privat, og kunden har et organisasjonsnummer, slik enkeltpersonforetak har. Den er en privatkunde i andre systemer.",
		},
		How: advice.Said{
			"Nothing has to be done for a sole trader. Give a company a customer type for companies.",
			"Toiminimelle ei tarvitse tehdä mitään. Anna yritykselle yritysten asiakastyyppi.",
			"För en enskild näringsidkare behöver inget göras. Ge ett företag en kundtyp för företag.",
			"For et enkeltpersonforetak trenger ingenting å gjøres. Gi et foretak en kundetype for foretak.",
		},
	},
	{
		Code: TypeNoIdentifier, Who: advice.Vendor, Example: "The customer type `Taloyhtiö`, which has neither `PRIVATE` nor `COMPANY` as its identifier.",
		Means: advice.Said{
			"The customer type does not say whether its customers are private or companies. With a business ID they count as companies, without one as private.",
			"Asiakastyyppi ei kerro, ovatko sen asiakkaat yksityisiä vai yrityksiä. Y-tunnuksen kanssa ne ovat yrityksiä, ilman sitä yksityisiä.",
			"Kundtypen säger inte om dess kunder är privata eller företag. Med ett FO-nummer räknas de som företag, annars som privata.",
			"Kundetypen sier ikke om kundene er private eller foretak. Med et organisasjonsnummer regnes de som foretak, ellers som private.",
		},
		How: advice.Said{
			"Ask the vendor's support to give the customer type its identifier.",
			"Pyydä toimittajan tukea antamaan asiakastyypille tunniste.",
			"Be leverantörens support ge kundtypen dess identifierare.",
			"Be leverandørens brukerstøtte gi kundetypen identifikatoren.",
		},
	},
	{
		Code: TypeKept, Who: advice.User, Example: "A customer who is a company in Netvisor and has a customer type of its own for consumers in Admicom Flex.",
		Means: advice.Said{
			"The customer is of another kind here than its customer type in the system says. The type is not one of those for customers from Netvisor, so the hub leaves it.",
			"Asiakas on täällä eri lajia kuin sen asiakastyyppi järjestelmässä. Tyyppi ei ole Netvisorista tulevien tyyppejä, joten hub ei koske siihen.",
			"Kunden är här av ett annat slag än dess kundtyp i systemet säger. Typen är ingen av dem för kunder från Netvisor, så hubben låter den vara.",
			"Kunden er her av et annet slag enn kundetypen i systemet sier. Typen er ingen av dem for kunder fra Netvisor, så huben lar den være.",
		},
		How: advice.Said{
			"Give the customer a customer type of the right kind in the system, or correct the kind here.",
			"Anna asiakkaalle järjestelmässä oikeanlainen asiakastyyppi, tai korjaa laji täällä.",
			"Ge kunden en kundtyp av rätt slag i systemet, eller rätta slaget här.",
			"Gi kunden en kundetype av riktig slag i systemet, eller rett slaget her.",
		},
	},
	{
		Code: NumberKept, Who: advice.User, Example: "The customer `F50001` of a customer type with a number series, who was given the number `100073` in Netvisor.",
		Means: advice.Said{
			"The customer has another number here than in the system, which gave it by a series of its own and takes no other.",
			"Asiakkaalla on täällä eri numero kuin järjestelmässä, joka antoi sen omasta sarjastaan eikä ota muuta.",
			"Kunden har här ett annat nummer än i systemet, som gav det ur en egen serie och inte tar emot något annat.",
			"Kunden har her et annet nummer enn i systemet, som ga det fra en egen serie og ikke tar imot noe annet.",
		},
		How: advice.Said{
			"Give the customer the number that it has in the system again, or a customer type without a series there.",
			"Anna asiakkaalle jälleen järjestelmän numero, tai siellä asiakastyyppi, jolla ei ole sarjaa.",
			"Ge kunden åter numret som den har i systemet, eller en kundtyp utan serie där.",
			"Gi kunden igjen nummeret som den har i systemet, eller en kundetype uten serie der.",
		},
	},
	{
		Code: KYCRiskImpossible, Who: advice.User, Example: "A private person with the risk class `LOW`, where there are only standard and high.",
		Means: advice.Said{
			"The due-diligence service gives a risk class that there is not for this kind of customer. It counts as not known.",
			"Asiakkaan tuntemisen palvelu antaa riskiluokan, jota tällaisella asiakkaalla ei voi olla. Luokkaa pidetään tuntemattomana.",
			"Tjänsten för kundkännedom anger en riskklass som inte finns för den här typen av kund. Klassen räknas som okänd.",
			"Tjenesten for kundekontroll oppgir en risikoklasse som ikke finnes for denne typen kunde. Klassen regnes som ukjent.",
		},
		How: advice.Said{
			"Correct the risk class of the customer in the due-diligence service.",
			"Korjaa asiakkaan riskiluokka asiakkaan tuntemisen palvelussa.",
			"Rätta kundens riskklass i tjänsten för kundkännedom.",
			"Rett kundens risikoklasse i tjenesten for kundekontroll.",
		},
	},
	{
		Code: KYCIntervalLong, Who: advice.User, Example: "The risk class `HIGH`, assessed on 2026-02-10 and expiring on 2029-02-10.",
		Means: advice.Said{
			"A customer of high risk is to be assessed again later than a year after the last time.",
			"Korkean riskin asiakas on tarkoitus arvioida uudelleen myöhemmin kuin vuoden kuluttua edellisestä kerrasta.",
			"En kund med hög risk ska bedömas på nytt senare än ett år efter förra gången.",
			"En kunde med høy risiko skal vurderes på nytt senere enn ett år etter forrige gang.",
		},
		How: advice.Said{
			"Give the customer a review interval of a year at most in the due-diligence service: Regulation (EU) 2024/1624 asks for that from 10 July 2027.",
			"Anna asiakkaalle tuntemispalvelussa enintään vuoden arviointiväli: asetus (EU) 2024/1624 edellyttää sitä 10.7.2027 alkaen.",
			"Ge kunden ett bedömningsintervall på högst ett år i tjänsten för kundkännedom: förordning (EU) 2024/1624 kräver det från den 10 juli 2027.",
			"Gi kunden et vurderingsintervall på høyst ett år i tjenesten for kundekontroll: forordning (EU) 2024/1624 krever det fra 10. juli 2027.",
		},
	},
	{
		Code: KYCValueUnknown, Who: advice.Operator, Example: "The risk class `VERY_HIGH`, or the day `2026-02-30`.",
		Means: advice.Said{
			"The due-diligence service gives a value that the hub does not know. It is kept as it came and counts as not known.",
			"Asiakkaan tuntemisen palvelu antaa arvon, jota hub ei tunne. Se säilytetään sellaisenaan ja sitä pidetään tuntemattomana.",
			"Tjänsten för kundkännedom ger ett värde som hubben inte känner till. Det sparas som det kom och räknas som okänt.",
			"Tjenesten for kundekontroll gir en verdi som huben ikke kjenner. Den beholdes som den kom og regnes som ukjent.",
		},
		How: advice.Said{
			"Look the customer up in the due-diligence service. If the value is right, a newer hub may know it.",
			"Tarkista asiakas asiakkaan tuntemisen palvelusta. Jos arvo on oikein, hubin uudempi versio saattaa tuntea sen.",
			"Slå upp kunden i tjänsten för kundkännedom. Om värdet stämmer kan en nyare hubb känna till det.",
			"Slå opp kunden i tjenesten for kundekontroll. Hvis verdien stemmer, kan en nyere hub kjenne den.",
		},
	},
	{
		Code: FieldConflict, Who: advice.User, Lasts: true, Example: "The phone number was changed here and in the system between two readings.",
		Means: advice.Said{
			"Both sides changed a value since they last agreed, or two records of one person differ. One value stands; the other is in the customer's provenance.",
			"Molemmat puolet muuttivat arvoa edellisen yhtäpitävyyden jälkeen, tai saman henkilön kaksi tietuetta eroavat. Toinen arvo jäi voimaan; toinen näkyy asiakkaan tietojen alkuperässä.",
			"Båda sidor ändrade ett värde sedan de senast stämde överens, eller två poster om samma person skiljer sig. Ett värde gäller; det andra finns i uppgifternas ursprung.",
			"Begge sider endret en verdi siden de sist stemte, eller to poster om samme person er ulike. Én verdi gjelder; den andre finnes i opplysningenes opphav.",
		},
		How: advice.Said{
			"Look at both values. If the one that stands is right, resolve the finding; if not, enter the other again.",
			"Vertaa arvoja. Jos voimassa oleva on oikein, kuittaa havainto; jos ei, syötä toinen uudelleen.",
			"Jämför värdena. Om det som gäller är rätt, lös iakttagelsen; annars skriv in det andra igen.",
			"Sammenlign verdiene. Hvis den som gjelder er riktig, løs funnet; ellers skriv inn den andre på nytt.",
		},
	},
	{
		Code: PingPong, Who: advice.Administrator, Example: "A rule in the system sets the e-mail address back each time the hub sends another.",
		Means: advice.Said{
			"The system changed back what it was sent, again and again. The hub leaves the value alone in this record, and lets all others flow.",
			"Järjestelmä muutti lähetetyn arvon takaisin kerta toisensa jälkeen. Hub jättää arvon rauhaan tässä tietueessa ja antaa muiden kulkea.",
			"Systemet ändrade gång på gång tillbaka det som skickades. Hubben lämnar värdet i fred i den här posten och låter alla andra gå fram.",
			"Systemet endret gang på gang tilbake det som ble sendt. Huben lar verdien være i denne posten og lar alle andre gå.",
		},
		How: advice.Said{
			"Find the rule in the system, or the other system, that sets another value. Then resolve the finding, or let the value flow one way only.",
			"Etsi se sääntö järjestelmästä tai se toinen järjestelmä, joka asettaa eri arvon. Kuittaa sitten havainto tai salli arvon kulkea vain yhteen suuntaan.",
			"Sök den regel i systemet, eller det andra system, som sätter ett annat värde. Lös sedan iakttagelsen, eller låt värdet gå bara åt ett håll.",
			"Finn regelen i systemet, eller det andre systemet, som setter en annen verdi. Løs deretter funnet, eller la verdien gå bare én vei.",
		},
	},
}
