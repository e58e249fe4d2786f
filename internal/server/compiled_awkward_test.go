package server_test

import (
	"strings"
	"testing"
	"time"

	"customerhub/internal/auth"
)

// TestCompiledAnswersOfAwkwardDocuments compares the two ways of answering where arguments, variables and fragments are used as
// few do, or wrongly. Each document is asked twice of the compiled path, since a plan that was kept has to fit the next request.
func TestCompiledAnswersOfAwkwardDocuments(t *testing.T) {
	t.Parallel()
	b := setup(t, waiting(50*time.Microsecond))
	b.seed(b.org.ID, 12)
	seen := b.do(`{
		customer(by: {number: "1002"}) {
			id businessId offices { id } contacts { person { id } } links { id system { id } } changes(first: 1) { endCursor }
		}
		customers(first: 3) { pageInfo { endCursor } }
	}`, nil)
	one, sys, link := seen.text("customer", "id"), seen.text("customer", "links", 0, "system", "id"), seen.text("customer", "links", 0, "id")
	office, person := seen.text("customer", "offices", 0, "id"), seen.text("customer", "contacts", 0, "person", "id")
	inList, inLog := seen.text("customers", "pageInfo", "endCursor"), seen.text("customer", "changes", "endCursor")
	keys := []auth.Key{b.key}
	for _, scopes := range [][]auth.Scope{
		{auth.CustomersRead}, {auth.CustomersRead, auth.PersonalRead}, {auth.CustomersRead, auth.KYCRead}, {auth.CustomersRead, auth.SystemsRead},
		{auth.SystemsRead}, {auth.CustomersWrite},
	} {
		keys = append(keys, b.newKey(scopes, b.org))
	}
	documents := []struct {
		query     string
		variables []vars
	}{
		{`query($m: Boolean = true){customers(first:2){nodes{id @include(if:$m) name}}}`, []vars{{}, {"m": nil}, {"m": false}, {"m": true}}},
		{`query($m: Boolean! = false){customers(first:2){nodes{id @skip(if:$m) name}}}`, []vars{{}, {"m": true}}},
		{`query($m: Boolean){customers(first:2){nodes{id @include(if:$m) name}}}`, []vars{{}, {"m": nil}, {"m": true}}},
		{`query($r: ContactRole = BILLING){customers(first:5){nodes{contacts(role:$r){title}}}}`, []vars{{}, {"r": nil}, {"r": "KYC"}, {"r": "nope"}}},
		{`query($f: Int = 1){customers(first:5){nodes{changes(first:$f){hasMore items{sequence}}}}}`, []vars{{}, {"f": nil}, {"f": 0}, {"f": 201}, {"f": -1}, {"f": 1.0}, {"f": 1e3}, {"f": "1"}, {"f": 99999999999}}},
		{`query($f: Int){customers(first:5){nodes{changes(first:$f){hasMore items{sequence}} kyc{history(first:$f){hasMore items{state}}}}}}`, []vars{{}, {"f": nil}, {"f": 0}, {"f": 201}}},
		{`query($a: Cursor){customers(first:5){nodes{changes(after:$a){endCursor items{sequence}}}}}`, []vars{{}, {"a": nil}, {"a": ""}, {"a": "x"}, {"a": inLog}, {"a": 5}, {"a": inList}}},
		{`query($a: Cursor){customers(first:5){nodes{kyc{history(after:$a){endCursor items{cursor}}}}}}`, []vars{{}, {"a": nil}, {"a": ""}, {"a": "x"}, {"a": inLog}}},
		{`query($f: Int, $l:Int, $a: Cursor, $b: Cursor, $o: CustomerOrder, $x: CustomerFilter){customers(first:$f,last:$l,after:$a,before:$b,orderBy:$o,filter:$x){totalCount edges{cursor node{id}} pageInfo{hasNextPage hasPreviousPage startCursor endCursor}}}`, []vars{{}, {"f": nil, "l": nil, "a": nil, "b": nil, "o": nil, "x": nil}, {"f": 2, "l": 2}, {"f": 0}, {"l": 0}, {"a": inList}, {"b": inList}, {"b": inList, "f": 1}, {"a": inList, "l": 1}, {"a": inList, "o": "NUMBER_ASC"}, {"a": ""}, {"a": "zz"}, {"x": vars{}}, {"x": vars{"text": nil, "kind": nil, "status": nil, "kyc": nil, "syncState": nil, "customField": nil, "updatedSince": nil, "system": nil}}, {"x": vars{"syncState": []string{}}}, {"x": vars{"kyc": vars{"riskClass": []string{}}}}, {"x": vars{"kyc": vars{"riskClass": "LOW"}}}, {"x": vars{"kyc": vars{"riskClass": []string{"LOW"}, "requiresActions": true, "anyOf": true}}}, {"x": vars{"system": sys, "syncState": "IN_SYNC"}}, {"x": vars{"system": one}}, {"x": vars{"text": "%_\\"}}, {"x": vars{"text": "yritys 3"}}, {"x": vars{"customField": vars{"key": "remark", "value": vars{"text": ""}}}}, {"x": vars{"customField": vars{"key": "discount", "value": vars{"decimal": "1,5"}}}}, {"x": vars{"customField": vars{"key": "discount", "value": vars{"decimal": "12.50"}}}}, {"x": vars{"customField": vars{"key": "", "value": vars{"text": "x"}}}}, {"x": vars{"kyc": vars{"expiresBefore": "2027-02-30"}}}, {"x": vars{"updatedSince": "2020-01-01T00:00:00+02:00"}}, {"x": vars{"unknown": 1}}, {"x": vars{"text": strings.Repeat("a ", 3000)}}}},
		{`query($f: Int!){customers(first:$f){nodes{id}}}`, []vars{{}, {"f": nil}, {"f": 3}}},
		{`query($t: String, $k: CustomerKind = COMPANY){customers(filter:{text:$t, kind:$k}){totalCount}}`, []vars{{}, {"t": nil}, {"t": "yritys"}, {"k": nil}}},
		{`query($n: String, $b: BusinessID, $i: ID, $e: ExternalKey){customer(by:{number:$n, businessId:$b, id:$i, external:$e}){id}}`, []vars{{}, {"n": "1002"}, {"n": "1002", "b": nil, "i": nil, "e": nil}, {"n": " 1002 "}, {"n": ""}, {"b": "x"}, {"b": "1234567-1"}, {"b": seen.text("customer", "businessId")}, {"i": one}, {"i": sys}, {"i": "!!"}, {"e": vars{"system": sys, "externalId": "4001"}}, {"e": vars{"system": sys, "externalId": ""}}, {"e": vars{"system": one, "externalId": "1"}}, {"n": "1", "i": one}, {"n": "nobody"}, {"b": 5}}},
		{`query($i: ID!){node(id:$i){id __typename ... on Customer{name ... on Node{id}} ... on Node{__typename id} ...on System{name lane{waiting}} ... on Office{customer{name}} ... on Person{customers{customer{name}}} ... on Link{customer{name} system{name}}}}`, []vars{{"i": one}, {"i": sys}, {"i": link}, {"i": office}, {"i": person}, {"i": "zzz"}, {"i": ""}, {"i": 5}, {"i": globalID("Customer", uuid(2, 999))}}},
		{`fragment A on Customer{addresses{line1} ...B} fragment B on Customer{addresses{city kind} offices{name}} {customers(first:4){nodes{...A addresses{postcode} ...B offices{id}}} }`, []vars{nil}},
		{`{a:customers(first:2){nodes{id}} b:customers(first:2){nodes{name}} a:customers(first:2){nodes{number} totalCount}}`, []vars{nil}},
		{`{customers(first:2){edges{node{id} cursor} nodes{name} edges{node{name}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{contacts{person{customers{customer{contacts{person{customers{office{customer{name}} customer{name}}}}}}}}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{einvoiceAddresses{office{customer{einvoiceAddresses{address office{id}}}} kind}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{k:kyc{state h:history(first:1){items{asOf} hasMore} g:history{hasMore}}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{a:contacts(role:BILLING){title} b:contacts{title} contacts(role:KYC){title}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{links{system{kind state pollEverySeconds fault{code message since} lastRun{id}} pendingWrite{operation} deletion{state} queuePosition}}}}`, []vars{nil}},
		{`{customers(first:1) @skip(if:true){nodes{id}}}`, []vars{nil}},
		{`{customers(first:1){nodes @skip(if:true){id}}}`, []vars{nil}},
		{`query Q($yes: Boolean = false){...R @include(if:$yes) ...S} fragment R on Query{customers(first:1){nodes{id}}} fragment S on Query{customers(first:1){nodes{name}}}`, []vars{{}, {"yes": true}, {"yes": nil}}},
		{`{customers(first:1){nodes{customFields{definition{system{name} externalId}}}}}`, []vars{nil}},
		{`{customers(first:3){nodes{changes(first:2){items{customer{name} finding{code} fields{field before after} origin{system{name lastRun{id}}}}}}}}`, []vars{nil}},
		{`{customers(first:3){nodes{provenance{field value source{kind system{name state fault{code} settings{name}}} alternatives{value source{system{name}}}}}}}`, []vars{nil}},
		{`{customers(first:3){nodes{responsible{kind name externalId system{name health lane{waiting}}}}}}`, []vars{nil}},
		{`{customers(first:2){nodes{sync{state checks{name result}} sv:sync(language:SV){fix{how}} s:sync(system:"zz"){state}}}}`, []vars{nil}},
	}
	for _, d := range documents {
		for _, v := range d.variables {
			for _, key := range keys {
				plain := b.asked(key, d.query, v, true)
				for range 2 {
					if compiled := b.asked(key, d.query, v, false); compiled != plain {
						t.Errorf("variables %v:\n%s\nplain:    %.500s\ncompiled: %.500s", v, d.query, plain, compiled)
					}
				}
				if strings.Contains(plain, `"code":"INTERNAL"`) {
					t.Errorf("variables %v:\n%s\n%.500s", v, d.query, plain)
				}
			}
		}
	}
}
