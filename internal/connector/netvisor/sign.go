package netvisor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signer signs calls with HMACSHA256, the algorithm that new integrations must use (contract section 1.3).
type signer struct {
	sender, language, organisationID string
	customerID, customerKey          string
	partnerID, partnerKey            string
}

// stamp is what differs from call to call.
type stamp struct {
	transactionID string
	// timestamp and unix are one moment: in UTC with three decimals, and in seconds since 1970.
	timestamp, unix string
}

func newStamp(transactionID string, at time.Time) stamp {
	return stamp{transactionID, at.UTC().Format("2006-01-02 15:04:05.000"), strconv.FormatInt(at.Unix(), 10)}
}

// mac is the digest over the string of contract section 1.4. The URL is the one on the wire, query included; the text is
// taken in UTF-8, which for the ASCII that Open demands is the same in every encoding.
func (s signer) mac(url string, st stamp) string {
	h := hmac.New(sha256.New, []byte(s.customerKey+"&"+s.partnerKey))
	h.Write([]byte(strings.Join([]string{
		url, s.sender, s.customerID, st.timestamp, s.language, s.organisationID, st.transactionID, st.unix,
		s.customerKey, s.partnerKey,
	}, "&")))
	return hex.EncodeToString(h.Sum(nil))
}

// sign puts the headers of contract section 1.2 on the request, in the spelling that is documented.
func (s signer) sign(req *http.Request, st stamp) {
	for name, value := range map[string]string{
		"X-Netvisor-Authentication-Sender":                      s.sender,
		"X-Netvisor-Authentication-CustomerId":                  s.customerID,
		"X-Netvisor-Authentication-PartnerId":                   s.partnerID,
		"X-Netvisor-Authentication-Timestamp":                   st.timestamp,
		"X-Netvisor-Authentication-TimestampUnix":               st.unix,
		"X-Netvisor-Interface-Language":                         s.language,
		"X-Netvisor-Organisation-ID":                            s.organisationID,
		"X-Netvisor-Authentication-TransactionId":               st.transactionID,
		"X-Netvisor-Authentication-MAC":                         s.mac(req.URL.String(), st),
		"X-Netvisor-Authentication-MACHashCalculationAlgorithm": "HMACSHA256",
		"X-Netvisor-Authentication-UseHTTPResponseStatusCodes":  "1",
	} {
		req.Header[name] = []string{value}
	}
}
