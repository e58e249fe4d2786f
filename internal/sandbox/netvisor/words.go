package netvisor

import "slices"

// The words generated customers are made of.

// city has the form in "of the city" too, which company names are made with.
type city struct{ name, of, post string }

type paymentTerm struct{ key, name string }

// abroad is what a customer from another country looks like.
type abroad struct {
	country, vat, form, street, post, city, phone string
	digits                                        int
}

var (
	firstNames = []string{"Aino", "Eino", "Helmi", "Väinö", "Åsa", "Björn", "Päivi", "Jyrki", "Säde", "Yrjö", "Märta", "Göran", "Tuulikki", "Hämäri",
		"Kyösti", "Zoë", "Élise", "Matti", "Liisa", "Anna-Liisa", "Juha-Pekka", "Sofia", "Onni", "Venla", "Ilkka", "Šárka", "Øyvind", "Maija"}
	lastNames = []string{"Mäkelä", "Hämäläinen", "Åkerlund", "Öhman", "Virtanen", "Korhonen", "Pöyhönen", "Sjöström", "Lehtinen", "Järvinen",
		"Väisänen", "Yli-Räsänen", "af Björkskog", "Nieminen", "Kärppä", "Söderblom", "Ängeslevä", "Tõnisson", "Žukov", "O'Lähde", "Niemelä", "Hyvärinen"}
	trees  = []string{"Mänty", "Kuusi", "Koivu", "Pihlaja", "Leppä", "Haapa", "Kataja", "Tammi", "Lehmus", "Pähkinä", "Sälekkö", "Öljypuu", "Åsgran"}
	halves = []string{"rinteen Rakennus", "kosken Sähkö", "lahden Kiinteistöt", "mäen Huolto", "niemen Leipomo", "saaren Vene", "suon Turve",
		"pellon Maatila", "tien Kuljetus", "rannan Hoivakoti"}
	trades = []string{"Rakennusliike", "Sähköasennus", "Tilitoimisto", "Kuljetus", "Leipomo", "Hammaslääkäri", "Maanrakennus", "Metsäpalvelu", "Pesula", "Käsityöpaja"}
	cities = []city{{"Helsinki", "Helsingin", "00100"}, {"Espoo", "Espoon", "02100"}, {"Tampere", "Tampereen", "33100"}, {"Jyväskylä", "Jyväskylän", "40100"}, {"Hämeenlinna", "Hämeenlinnan", "13100"},
		{"Järvenpää", "Järvenpään", "04400"}, {"Äänekoski", "Äänekosken", "44100"}, {"Seinäjoki", "Seinäjoen", "60100"}, {"Närpiö", "Närpiön", "64200"}, {"Mariehamn", "Mariehamns", "22100"}, {"Oulu", "Oulun", "90100"},
		{"Ylöjärvi", "Ylöjärven", "33470"}, {"Sodankylä", "Sodankylän", "99600"}, {"Åbo", "Åbo", "20100"}, {"Kemijärvi", "Kemijärven", "98100"}, {"Pöytyä", "Pöytyän", "21870"}}
	streets = []string{"Mäntytie", "Kääpätie", "Äyräpäänkatu", "Västra Ågatan", "Öljytie", "Kauppakatu", "Puutarhatie", "Hämeentie", "Rälssintie",
		"Pyykkölänväylä", "Pikku-Ähtärintie", "Fågelvägen", "Satamakatu", "Yrittäjänkuja"}
	groups      = []string{"Jälleenmyyjät", "Kuluttajat", "Yritykset", "Taloyhtiöt", "Sopimusasiakkaat"}
	extensions  = []string{"Päätoimipaikka", "Ostolaskut", "Pohjois-Savon yksikkö", "aputoiminimi Sähköässä"}
	officeNames = []string{"toimipiste", "varasto", "myymälä", "konttori", "työmaa"}
	comments    = []string{"Laskutus kuun lopussa", "Yhteys vain sähköpostilla", "Avain huoltoyhtiöltä", "Kräver beställningsnummer"}
	costCentres = []string{"100 Hallinto", "200 Myynti", "300 Tuotanto & huolto"}

	paymentTerms = []paymentTerm{{"11", "14 pv netto"}, {"11", "14 pv netto"}, {"12", "21 pv netto"}, {"13", "30 pv netto"}, {"14", "7 pv -2 %, 30 pv netto"}}

	// operators and banks are routing codes in use; banks go with account numbers.
	operators = []string{"003721291126", "003723327487", "BAWCFI22", "E204503", "003710948874", "003708599126", "003703575029", "003701011385",
		"PAGERO", "003714377140", "003726044706", "003701150617", "INEXCHANGE"}
	banks = []string{"NDEAFIHH", "OKOYFIHH", "DABAFIHH", "HANDFIHH", "HELSFIHH", "AABAFI22", "ITELFIHH", "POPFFI22", "SBANFIHH"}

	foreign = []abroad{
		{"SE", "SE", "AB", "Storgatan", "114 55", "Malmö", "+46 8 000 456 78", 12},
		{"EE", "EE", "OÜ", "Pärnu mnt", "10119", "Tallinn", "+372 000 1234", 9},
		{"DE", "DE", "GmbH", "Königstraße", "20095", "Lübeck", "+49 40 0001234", 9},
		{"GB", "GB", "Ltd", "Mill Lane", "SW1A 1AA", "London", "+44 20 0000 1234", 9},
	}
)

func foreignOf(country string) (abroad, bool) {
	i := slices.IndexFunc(foreign, func(f abroad) bool { return f.country == country })
	if i < 0 {
		return abroad{}, false
	}
	return foreign[i], true
}
