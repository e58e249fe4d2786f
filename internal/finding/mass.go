package finding

import "customerhub/internal/advice"

// masses are the codes about changes of so many records that somebody has to decide.
var masses = []Row{
	{
		Code: MassChangeIn, Who: advice.Administrator, Lasts: true, Example: "The names of 40 % of the customers were overwritten in the system.",
		Means: advice.Said{
			"A system changes so many customers that the brake stopped it. What had come in stays; the rest is parked, and everything else flows.",
			"Järjestelmä muuttaa niin monia asiakkaita, että jarru pysäytti sen. Jo tullut jää voimaan; loput odottavat, ja kaikki muu kulkee.",
			"Ett system ändrar så många kunder att bromsen stoppade det. Det som hann komma in gäller; resten väntar, och allt annat flödar.",
			"Et system endrer så mange kunder at bremsen stoppet det. Det som rakk å komme inn, gjelder; resten venter, og alt annet flyter.",
		},
		How: advice.Said{
			"Look in the system whether the changes were meant. If so, approve them (`approveMassChange`): exactly what is parked goes on. If not, put them right there: what is restored is parked no more. Or reject them (`rejectMassChange`): both sides keep their values, and each of them is shown.",
			"Tarkista järjestelmästä, oliko muutokset tarkoitettu. Jos oli, hyväksy ne (`approveMassChange`): täsmälleen odottavat muutokset jatkavat. Jos ei, korjaa ne siellä: palautettu ei enää odota. Tai hylkää ne (`rejectMassChange`): kumpikin puoli pitää arvonsa, ja jokainen näytetään.",
			"Kontrollera i systemet om ändringarna var avsedda. I så fall godkänn dem (`approveMassChange`): exakt det som väntar går vidare. Annars rätta dem där: det som återställs väntar inte längre. Eller avvisa dem (`rejectMassChange`): båda sidor behåller sina värden, och alla visas.",
			"Kontroller i systemet om endringene var ment. I så fall godkjenn dem (`approveMassChange`): nøyaktig det som venter, går videre. Ellers rett dem der: det som gjenopprettes, venter ikke lenger. Eller avvis dem (`rejectMassChange`): begge sider beholder sine verdier, og alle vises.",
		},
	},
	{
		Code: MassChangeOut, Who: advice.Administrator, Lasts: true, Example: "A wrong import of one system would overwrite 40 % of the records of another.",
		Means: advice.Said{
			"The hub would change so many records of the system that the brake stopped it. What was sent stays; the rest is parked, and single edits flow.",
			"Hub muuttaisi järjestelmän tietueita niin paljon, että jarru pysäytti sen. Jo lähetetty jää voimaan; loput odottavat, ja yksittäiset muokkaukset kulkevat.",
			"Hubben skulle ändra så många poster i systemet att bromsen stoppade det. Det som skickats gäller; resten väntar, och enstaka ändringar flödar.",
			"Huben ville endre så mange poster i systemet at bremsen stoppet det. Det som er sendt, gjelder; resten venter, og enkeltendringer flyter.",
		},
		How: advice.Said{
			"Look at the customers that wait, and at where their values came from. If the values are right, approve them (`approveMassChange`): exactly what is parked is sent. If not, put them right here or at their source: what is restored is parked no more. Or reject them (`rejectMassChange`): both sides keep their values, and each of them is shown.",
			"Katso odottavia asiakkaita ja mistä niiden arvot tulivat. Jos arvot ovat oikein, hyväksy ne (`approveMassChange`): täsmälleen odottavat lähetetään. Jos eivät, korjaa ne täällä tai lähteessä: palautettu ei enää odota. Tai hylkää ne (`rejectMassChange`): kumpikin puoli pitää arvonsa, ja jokainen näytetään.",
			"Se på kunderna som väntar och varifrån deras värden kom. Om värdena är rätt, godkänn dem (`approveMassChange`): exakt det som väntar skickas. Annars rätta dem här eller vid källan: det som återställs väntar inte längre. Eller avvisa dem (`rejectMassChange`): båda sidor behåller sina värden, och alla visas.",
			"Se på kundene som venter og hvor verdiene deres kom fra. Hvis verdiene er riktige, godkjenn dem (`approveMassChange`): nøyaktig det som venter, sendes. Ellers rett dem her eller ved kilden: det som gjenopprettes, venter ikke lenger. Eller avvis dem (`rejectMassChange`): begge sider beholder sine verdier, og alle vises.",
		},
	},
	{
		Code: ChangeRejected, Who: advice.User, Example: "A name that was among many which were overwritten in the system, and which somebody rejected.",
		Means: advice.Said{
			"The change was one of many that somebody rejected: the hub and the system each keep their own value.",
			"Muutos oli yksi monista, jotka joku hylkäsi: hub ja järjestelmä pitävät kumpikin oman arvonsa.",
			"Ändringen var en av många som någon avvisade: hubben och systemet behåller var sitt värde.",
			"Endringen var en av mange som noen avviste: huben og systemet beholder hver sin verdi.",
		},
		How: advice.Said{
			"Enter the right value where it is wrong. If each side is to keep its own, resolve the finding.",
			"Kirjaa oikea arvo sinne, missä se on väärin. Jos kummankin puolen pitää säilyttää omansa, kuittaa havainto.",
			"Ange rätt värde där det är fel. Om vardera sidan ska behålla sitt, lös iakttagelsen.",
			"Skriv inn riktig verdi der den er feil. Hvis hver side skal beholde sin, løs funnet.",
		},
	},
}
