package finding

import "customerhub/internal/advice"

// watched are the codes of what comes with time.
var watched = []Row{
	{
		Code: BusinessIDChanged, Who: advice.User, Example: "A customer that was assessed as `1572860-0` and has the business ID `0201256-6` in Netvisor now.",
		Means: advice.Said{
			"The customer is known in the due-diligence service under another business ID.",
			"Asiakas on tunnettu asiakkaan tuntemisen palvelussa toisella Y-tunnuksella.",
			"Kunden är känd i tjänsten för kundkännedom under ett annat FO-nummer.",
			"Kunden er kjent i tjenesten for kundekontroll under et annet organisasjonsnummer.",
		},
		How: advice.Said{
			"It has come in there anew, as a candidate. Send that one its request for information, and end the relationship with the former one in the due-diligence service. If the business ID is wrong, correct it in the accounting system: the former record is the customer's again.",
			"Se on tullut sinne uudelleen kandidaattina. Lähetä sille tietopyyntö ja päätä aiempi asiakassuhde tuntemispalvelussa. Jos Y-tunnus on väärä, korjaa se taloushallinnon järjestelmään: aiempi tietue on taas asiakkaan.",
			"Den har kommit in där på nytt som kandidat. Skicka den en informationsbegäran och avsluta den tidigare kundrelationen i tjänsten för kundkännedom. Om FO-numret är fel, rätta det i ekonomisystemet: den tidigare posten är då kundens igen.",
			"Den er kommet inn der på nytt som kandidat. Send den en informasjonsforespørsel og avslutt det tidligere kundeforholdet i tjenesten for kundekontroll. Hvis nummeret er feil, rett det i regnskapssystemet: den tidligere posten er da kundens igjen.",
		},
	},
	{
		Code: KYCExpires, Who: advice.User, Watched: true, Example: "A due diligence whose last day is 2026-12-31, from 2026-11-01 on.",
		Means: advice.Said{
			"The customer's due diligence expires soon, or has expired.",
			"Asiakkaan tuntemistiedot vanhenevat pian tai ovat vanhentuneet.",
			"Kundkännedomen om kunden går snart ut, eller har gått ut.",
			"Kundekontrollen av kunden utløper snart, eller har utløpt.",
		},
		How: advice.Said{
			"Ask the customer for its information in the due-diligence service, and assess the answers. It ends when the service has a later last day.",
			"Lähetä asiakkaalle tietopyyntö tuntemispalvelussa ja arvioi vastaukset. Havainto päättyy, kun palvelussa on myöhäisempi vanhenemispäivä.",
			"Skicka kunden en informationsbegäran i tjänsten för kundkännedom och bedöm svaren. Det upphör när tjänsten har en senare sista dag.",
			"Send kunden en informasjonsforespørsel i tjenesten for kundekontroll og vurder svarene. Det opphører når tjenesten har en senere siste dag.",
		},
	},
	{
		Code: NumberSeriesMeet, Who: advice.Administrator, Watched: true, Example: "Netvisor gives 49 990 next, at ten a day, and the field-service system began at 50 000.",
		Means: advice.Said{
			"The customer numbers that two of the systems give one after the other come near one another. Where they meet, two customers get the same number.",
			"Kahden järjestelmän juoksevat asiakasnumerot lähestyvät toisiaan. Kun ne kohtaavat, kaksi asiakasta saa saman numeron.",
			"Löpande kundnummer från två av systemen närmar sig varandra. Där de möts får två kunder samma nummer.",
			"Løpende kundenumre fra to av systemene nærmer seg hverandre. Der de møtes, får to kunder samme nummer.",
		},
		How: advice.Said{
			"Have one of the systems go on from a number that is far from those of the other. If the two never give numbers of their own at the same time, resolve the finding.",
			"Aseta toinen järjestelmistä jatkamaan numerosta, joka on kaukana toisen numeroista. Jos järjestelmät eivät koskaan anna numeroita samaan aikaan, kuittaa havainto.",
			"Låt det ena systemet fortsätta från ett nummer långt från det andras. Om de två aldrig ger egna nummer samtidigt, lös iakttagelsen.",
			"La det ene systemet fortsette fra et nummer langt fra det andres. Hvis de to aldri gir egne numre samtidig, løs funnet.",
		},
	},
}
