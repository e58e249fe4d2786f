package finding

import "customerhub/internal/advice"

// watched are the codes of what comes with time.
var watched = []Row{
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
