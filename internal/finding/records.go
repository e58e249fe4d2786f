package finding

import "customerhub/internal/advice"

// records are the codes about a record as a whole, or about what a system told of its records.
var records = []Row{
	{
		Code: CustomerNumberTwice, Who: advice.User, Example: "Two records of the system with the customer number `100073`.",
		Means: advice.Said{
			"Several records of the system carry the same customer number. They stay apart here.",
			"Useilla järjestelmän tietueilla on sama asiakasnumero. Ne pidetään täällä erillään.",
			"Flera poster i systemet har samma kundnummer. De hålls isär här.",
			"Flere poster i systemet har samme kundenummer. De holdes fra hverandre her.",
		},
		How: advice.Said{
			"Give one of them another number in the system. If both are one customer, delete one of them there.",
			"Anna toiselle järjestelmässä toinen numero. Jos molemmat ovat sama asiakas, poista siellä toinen.",
			"Ge en av dem ett annat nummer i systemet. Om båda är samma kund, ta bort den ena där.",
			"Gi en av dem et annet nummer i systemet. Hvis begge er samme kunde, slett den ene der.",
		},
	},
	{
		Code: NumberCollision, Who: advice.User, Example: "The customer `100073` is `1572860-0` here, and a record of the system with that number is `0201256-6`.",
		Means: advice.Said{
			"A record of the system that is not linked carries the number of a customer, and nothing says that the two are one. Neither is touched, in either direction.",
			"Järjestelmän liittämättömällä tietueella on asiakkaan numero, eikä mikään kerro niiden olevan sama. Kumpaankaan ei kosketa kumpaankaan suuntaan.",
			"En post i systemet som inte är kopplad har en kunds nummer, och ingenting säger att de två är samma. Ingendera rörs, åt något håll.",
			"En post i systemet som ikke er koblet, har en kundes nummer, og ingenting sier at de to er samme. Ingen av dem røres, noen vei.",
		},
		How: advice.Said{
			"Compare the two. Give one of them another number, or say that they are one (`linkRecord`).",
			"Vertaa niitä. Anna toiselle toinen numero, tai kerro niiden olevan sama (`linkRecord`).",
			"Jämför de två. Ge den ena ett annat nummer, eller säg att de är samma (`linkRecord`).",
			"Sammenlign de to. Gi den ene et annet nummer, eller si at de er samme (`linkRecord`).",
		},
	},
	{
		Code: DuplicateProposed, Who: advice.User, Lasts: true, Example: "Two records with the business ID `1572860-0`, numbered `100073` and `100190`.",
		Means: advice.Said{
			"A record came in as a new customer and carries the business ID of another one that has a different number.",
			"Tietue tuli sisään uutena asiakkaana, ja sillä on sellaisen asiakkaan Y-tunnus, jolla on toinen numero.",
			"En post kom in som en ny kund och har FO-numret för en annan kund som har ett annat nummer.",
			"En post kom inn som en ny kunde og har organisasjonsnummeret til en annen kunde som har et annet nummer.",
		},
		How: advice.Said{
			"If the two are one customer, merge them. If they are to stay two, resolve the finding.",
			"Jos ne ovat sama asiakas, yhdistä ne. Jos niiden pitää pysyä erillään, kuittaa havainto.",
			"Om de två är samma kund, slå ihop dem. Om de ska förbli två, lös iakttagelsen.",
			"Hvis de to er samme kunde, slå dem sammen. Hvis de skal forbli to, løs funnet.",
		},
	},
	{
		Code: LinkNotPrimary, Who: advice.User, Example: "Two customers were merged that both have a record in the system.",
		Means: advice.Said{
			"A record came with a customer that was merged into another, which has a record of its own in the system: it is only read.",
			"Tietue tuli toiseen yhdistetyn asiakkaan mukana, ja tällä on järjestelmässä oma tietueensa: sitä vain luetaan.",
			"En post kom med en kund som slogs ihop med en annan, som har en egen post i systemet: den läses bara.",
			"En post kom med en kunde som ble slått sammen med en annen, som har en egen post i systemet: den leses bare.",
		},
		How: advice.Said{
			"Let everybody in the system use the other record, and take this one out of use there. If the two are not one customer, take the merge back.",
			"Ohjaa järjestelmässä kaikki käyttämään toista tietuetta ja poista tämä siellä käytöstä. Jos asiakkaat eivät ole sama, peru yhdistäminen.",
			"Låt alla i systemet använda den andra posten, och ta den här ur bruk där. Om de två inte är samma kund, ta tillbaka sammanslagningen.",
			"La alle i systemet bruke den andre posten, og ta denne ut av bruk der. Hvis de to ikke er samme kunde, ta tilbake sammenslåingen.",
		},
	},
	{
		Code: OfficeAmbiguous, Who: advice.User, Kept: true, Example: "A customer with three offices in Netvisor, who gets a record in Admicom Flex, which has one visiting address.",
		Means: advice.Said{
			"The customer has several offices, and the system has room for the visiting address of one. None is sent or taken.",
			"Asiakkaalla on useita toimipaikkoja, ja järjestelmässä on paikka vain yhden käyntiosoitteelle. Mitään ei lähetetä eikä oteta.",
			"Kunden har flera kontor, och systemet har plats för ett kontors besöksadress. Ingen skickas eller tas emot.",
			"Kunden har flere kontorer, og systemet har plass til besøksadressen til ett. Ingen sendes eller tas imot.",
		},
		How: advice.Said{
			"Say which of the offices it is (`chooseOffice`).",
			"Kerro, mikä toimipaikoista se on (`chooseOffice`).",
			"Säg vilket av kontoren det är (`chooseOffice`).",
			"Si hvilket av kontorene det er (`chooseOffice`).",
		},
	},
	{
		Code: NumberMissing, Who: advice.User, Watched: true, Example: "A customer without a number in Netvisor, while Admicom Flex is in use.",
		Means: advice.Said{
			"The customer has no number, by which the system knows customers, so it is not made there.",
			"Asiakkaalla ei ole numeroa, josta järjestelmä tuntee asiakkaat, joten sitä ei perusteta sinne.",
			"Kunden har inget nummer, som systemet känner kunder på, så den skapas inte där.",
			"Kunden har ikke noe nummer, som systemet kjenner kunder på, så den opprettes ikke der.",
		},
		How: advice.Said{
			"Give the customer a number in Netvisor or here; it is then made by itself.",
			"Anna asiakkaalle numero Netvisorissa tai täällä; se perustetaan sitten itsestään.",
			"Ge kunden ett nummer i Netvisor eller här; den skapas sedan av sig själv.",
			"Gi kunden et nummer i Netvisor eller her; den opprettes deretter av seg selv.",
		},
	},
	{
		Code: RecordUnreadable, Who: advice.Operator, Example: "A record whose card is larger than the hub takes.",
		Means: advice.Said{
			"A record, or a part of one, could not be taken into the hub. What the hub has of it stays as it is.",
			"Tietuetta tai sen osaa ei voitu ottaa hubiin. Hubissa olevat tiedot pysyvät ennallaan.",
			"En post, eller en del av den, kunde inte tas in i hubben. Det som hubben har av den förblir som det är.",
			"En post, eller en del av den, kunne ikke tas inn i huben. Det huben har av den, blir som det er.",
		},
		How: advice.Said{
			"Read the message. If it names what is wrong, correct it in the system; else look at the hub's log.",
			"Lue viesti. Jos se kertoo vian, korjaa se järjestelmässä; muuten katso hubin lokia.",
			"Läs meddelandet. Om det säger vad som är fel, rätta det i systemet; se annars i hubbens logg.",
			"Les meldingen. Hvis den sier hva som er galt, rett det i systemet; se ellers i hubens logg.",
		},
	},
	{
		Code: MissingRecord, Who: advice.Vendor, Example: "A record that stands in the list, and of which the system gives no details.",
		Means: advice.Said{
			"A record stands in the system's list, and the system does not give its details. What the hub has of it stays as it is.",
			"Tietue on järjestelmän luettelossa, mutta järjestelmä ei anna sen tietoja. Hubissa olevat tiedot pysyvät ennallaan.",
			"En post finns i systemets lista, men systemet ger inte dess uppgifter. Det som hubben har av den förblir som det är.",
			"En post står i systemets liste, men systemet gir ikke opplysningene. Det huben har av den, blir som det er.",
		},
		How: advice.Said{
			"Open the record in the system and check the rights of the credentials. If both are in order, ask the provider of the system.",
			"Avaa tietue järjestelmässä ja tarkista tunnusten oikeudet. Jos molemmat ovat kunnossa, kysy järjestelmän toimittajalta.",
			"Öppna posten i systemet och kontrollera hubbens behörigheter. Om båda är i ordning, fråga systemets leverantör.",
			"Åpne posten i systemet og kontroller hubens tilganger. Hvis begge er i orden, spør systemets leverandør.",
		},
	},
	{
		Code: RecordDeleted, Who: advice.User, Example: "Two complete lists lack the record, and reading it finds nothing.",
		Means: advice.Said{
			"The record was deleted in the system; the customer was made inactive.",
			"Tietue poistettiin järjestelmästä; asiakas poistettiin käytöstä.",
			"Posten togs bort i systemet; kunden gjordes inaktiv.",
			"Posten ble slettet i systemet; kunden ble gjort inaktiv.",
		},
		How: advice.Said{
			"If it was meant, resolve the finding. If not, create the customer in the system again; it comes in as a new one.",
			"Jos poisto oli tarkoitettu, kuittaa havainto. Jos ei, luo asiakas järjestelmään uudelleen; se tulee sisään uutena.",
			"Om det var avsikten, lös iakttagelsen. Annars skapa kunden i systemet igen; den kommer in som en ny.",
			"Hvis det var meningen, løs funnet. Ellers opprett kunden i systemet på nytt; den kommer inn som en ny.",
		},
	},
	{
		Code: MassAbsence, Who: advice.Administrator, Lasts: true, Example: "A list with 40 % fewer records than the day before.",
		Means: advice.Said{
			"The system's list lacks so many known records that none of them is believed to be deleted.",
			"Järjestelmän luettelosta puuttuu niin monta tunnettua tietuetta, ettei yhtäkään uskota poistetuksi.",
			"Systemets lista saknar så många kända poster att ingen av dem antas vara borttagen.",
			"Systemets liste mangler så mange kjente poster at ingen av dem antas å være slettet.",
		},
		How: advice.Said{
			"Check in the system whether the records are there, and whether the hub's credentials may see them. What is listed again ends it. If they were deleted, approve that (`approveMassChange`); if the customers are to stay, reject it (`rejectMassChange`).",
			"Tarkista järjestelmästä, ovatko tietueet siellä ja saavatko hubin tunnukset nähdä ne. Kun ne ovat taas luettelossa, asia päättyy. Jos ne poistettiin, hyväksy se (`approveMassChange`); jos asiakkaiden pitää jäädä, hylkää se (`rejectMassChange`).",
			"Kontrollera i systemet om posterna finns där, och om hubbens inloggning får se dem. När de åter finns i listan är saken avslutad. Om de togs bort, godkänn det (`approveMassChange`); om kunderna ska stanna, avvisa det (`rejectMassChange`).",
			"Kontroller i systemet om postene er der, og om hubens pålogging får se dem. Når de er på listen igjen, er saken avsluttet. Hvis de ble slettet, godkjenn det (`approveMassChange`); hvis kundene skal bli, avvis det (`rejectMassChange`).",
		},
	},
	{
		Code: CreateAmbiguous, Who: advice.User, Lasts: true, Example: "A customer made in the hub, whose business ID two records of the system carry already.",
		Means: advice.Said{
			"A record that the hub may have made, or must not make again, fits several; a person has to say which.",
			"Tietueeseen, jonka hub on ehkä tehnyt tai jota se ei saa tehdä uudelleen, sopii useampi; jonkun on kerrottava, mikä niistä se on.",
			"En post som hubben kan ha skapat, eller inte får skapa igen, passar flera; någon måste säga vilken.",
			"En post som huben kan ha opprettet, eller ikke må opprette igjen, passer flere; noen må si hvilken.",
		},
		How: advice.Said{
			"Compare the records, give those that are another customer's another number or business ID, and say that it is to be tried again.",
			"Vertaa tietueita, anna toisen asiakkaan tietueille toinen numero tai Y-tunnus ja pyydä yrittämään uudelleen.",
			"Jämför posterna, ge dem som hör till en annan kund ett annat nummer eller FO-nummer och begär ett nytt försök.",
			"Sammenlign postene, gi dem som tilhører en annen kunde et annet nummer eller organisasjonsnummer og be om et nytt forsøk.",
		},
	},
	{
		Code: LinkParked, Who: advice.User, Example: "The system refuses the customer with words of its own.",
		Means: advice.Said{
			"The system refuses the record, or it failed again and again; it waits for a person.",
			"Järjestelmä ei hyväksy tietuetta, tai se on epäonnistunut toistuvasti; se odottaa ihmistä.",
			"Systemet godtar inte posten, eller så har den misslyckats gång på gång; den väntar på en människa.",
			"Systemet godtar ikke posten, eller den har mislyktes gang på gang; den venter på et menneske.",
		},
		How: advice.Said{
			"Mend what the message names; a value that is mended here is sent again by itself. If the other side was mended, say that it is to be tried again.",
			"Korjaa se, mitä viesti nimeää; täällä korjattu arvo lähetetään itsestään uudelleen. Jos toinen puoli korjattiin, pyydä yrittämään uudelleen.",
			"Rätta det som meddelandet nämner; ett värde som rättas här skickas om av sig självt. Om den andra sidan rättades, begär ett nytt försök.",
			"Rett det som meldingen nevner; en verdi som rettes her, sendes på nytt av seg selv. Hvis den andre siden ble rettet, be om et nytt forsøk.",
		},
	},
	{
		Code: SystemDenied, Who: advice.Administrator, Example: "Somebody removed the hub's credentials in the system.",
		Means: advice.Said{
			"The system no longer admits the hub; nothing is read or sent until somebody renews the credentials or the permissions.",
			"Järjestelmä ei enää päästä hubia sisään; mitään ei lueta eikä lähetetä, ennen kuin joku uusii tunnukset tai oikeudet.",
			"Systemet släpper inte längre in hubben; ingenting läses eller skickas förrän någon förnyar inloggningsuppgifterna eller behörigheterna.",
			"Systemet slipper ikke lenger huben inn; ingenting leses eller sendes før noen fornyer påloggingen eller tilgangene.",
		},
		How: advice.Said{
			"Renew the credentials or the permissions, check the system and start it again.",
			"Uusi tunnukset tai oikeudet, tarkista järjestelmä ja käynnistä se uudelleen.",
			"Förnya inloggningsuppgifterna eller behörigheterna, kontrollera systemet och starta det igen.",
			"Forny påloggingsopplysningene eller tilgangene, kontroller systemet og start det på nytt.",
		},
	},
	{
		Code: VerificationFailed, Who: advice.Administrator, Example: "Netvisor KYC was handed an integration key that Netvisor refuses.",
		Means: advice.Said{
			"The system could not verify what it was handed, so it cannot be started.",
			"Järjestelmä ei voinut varmentaa sille annettuja tietoja, joten sitä ei voi käynnistää.",
			"Systemet kunde inte verifiera det som det fick, så det kan inte startas.",
			"Systemet kunne ikke bekrefte det som ble gitt, så det kan ikke startes.",
		},
		How: advice.Said{
			"Mend what `System.activation` says of either side, and have it verified again (`submitSystem`).",
			"Korjaa se, mitä `System.activation` kummastakin puolesta kertoo, ja pyydä varmennus uudelleen (`submitSystem`).",
			"Rätta det som `System.activation` säger om vardera sidan och låt det verifieras på nytt (`submitSystem`).",
			"Rett det som `System.activation` sier om hver side, og få det bekreftet på nytt (`submitSystem`).",
		},
	},
	{
		Code: InboundRefused, Who: advice.Administrator, Example: "The secret that was entered in the system is not the one of the hub's address.",
		Means: advice.Said{
			"The messages that the system sends by itself cannot be verified, so none is taken. What changes there comes in with the polls, and later.",
			"Järjestelmän itse lähettämiä viestejä ei voida varmentaa, joten niitä ei oteta vastaan. Muutokset tulevat kyselyissä ja myöhemmin.",
			"Meddelandena som systemet sänder av sig självt kan inte verifieras, så inget av dem tas emot. Ändringar kommer med förfrågningarna, och senare.",
			"Meldingene som systemet sender av seg selv, kan ikke bekreftes, så ingen av dem tas imot. Endringer kommer med spørringene, og senere.",
		},
		How: advice.Said{
			"Give the hub's address another secret (`rotateInboundSecret`) and enter it in the system; `System.inbound` says why messages are refused. Where they are too old, set the clock that is wrong.",
			"Anna hubin osoitteelle uusi salaisuus (`rotateInboundSecret`) ja syötä se järjestelmään; `System.inbound` kertoo, miksi viestejä hylätään. Jos ne ovat liian vanhoja, aseta väärässä oleva kello.",
			"Ge hubbens adress en ny hemlighet (`rotateInboundSecret`) och mata in den i systemet; `System.inbound` säger varför meddelanden avvisas. Om de är för gamla, ställ klockan som går fel.",
			"Gi hubens adresse en ny hemmelighet (`rotateInboundSecret`) og legg den inn i systemet; `System.inbound` sier hvorfor meldinger avvises. Hvis de er for gamle, still klokken som går feil.",
		},
	},
	{
		Code: ElementMissing, Who: advice.Vendor, Example: "An answer without the element for the customer's name.",
		Means: advice.Said{
			"The system's answer lacks what it always gives; what the hub has of it stands.",
			"Järjestelmän vastauksesta puuttuu jotakin, minkä se aina antaa; hubissa oleva tieto on voimassa.",
			"Systemets svar saknar något som det alltid ger; det som hubben har gäller.",
			"Systemets svar mangler noe som det alltid gir; det huben har, gjelder.",
		},
		How: advice.Said{
			"Nothing has to be done at once. Tell who runs the hub, so that the provider of the system is asked.",
			"Mitään ei tarvitse tehdä heti. Kerro hubin ylläpitäjälle, jotta järjestelmän toimittajalta kysytään.",
			"Ingenting behöver göras genast. Meddela den som driver hubben, så att systemets leverantör tillfrågas.",
			"Ingenting trenger å gjøres straks. Si fra til den som drifter huben, slik at systemets leverandør blir spurt.",
		},
	},
	{
		Code: UnknownElement, Who: advice.Operator, Example: "An element in the answer that the hub has never seen.",
		Means: advice.Said{
			"The system sent something that the hub does not know. It was left out, and the rest was taken.",
			"Järjestelmä lähetti jotakin, mitä hub ei tunne. Se jätettiin pois ja muu otettiin.",
			"Systemet skickade något som hubben inte känner till. Det utelämnades och resten togs.",
			"Systemet sendte noe som huben ikke kjenner. Det ble utelatt, og resten ble tatt.",
		},
		How: advice.Said{
			"Nothing has to be done at once. Look for a newer version of the hub.",
			"Mitään ei tarvitse tehdä heti. Katso, onko hubista uudempi versio.",
			"Ingenting behöver göras genast. Se om det finns en nyare version av hubben.",
			"Ingenting trenger å gjøres straks. Se om det finnes en nyere versjon av huben.",
		},
	},
}
