package report

import (
	"customerhub/internal/advice"
	"customerhub/internal/finding"
)

func (r Report) say(key string, words ...any) string { return frame[key].With(words...).In(r.Language) }

// frame is what stands around the groups.
var frame = map[string]advice.Said{
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

// sentence is what a code means. A code of a newer hub needs attention, which is all that is known of it.
func sentence(c finding.Code) advice.Said {
	if row := finding.RowOf(c); row != nil {
		return row.Means
	}
	return advice.Said{
		"Something needs attention.", "Jokin vaatii huomiota.", "Något kräver uppmärksamhet.", "Noe krever oppmerksomhet.",
	}
}
