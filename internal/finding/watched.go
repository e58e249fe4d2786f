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
}
