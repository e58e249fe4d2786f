package netvisorkyc

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	businessIDShape = regexp.MustCompile(`^[0-9]{7}-[0-9]$`)
	// identityCode is the shape of a Finnish personal identity code, with all the signs of the century in use since 2023.
	identityCode = regexp.MustCompile(`(?i)\b[0-9]{6}[-+ABCDEFYXWVU][0-9]{3}[0-9A-Y]\b`)

	businessIDWeights = [7]int{7, 9, 10, 5, 8, 4, 2}
)

const identityCheck = "0123456789ABCDEFHJKLMNPRSTUVWXY"

// validBusinessID reports whether s is 1234567-8 with the right check digit.
func validBusinessID(s string) bool {
	if !businessIDShape.MatchString(s) {
		return false
	}
	check, ok := businessIDCheck(s[:7])
	return ok && s[8] == byte('0'+check)
}

// businessIDCheck computes the check digit of seven digits; false for those that have none.
func businessIDCheck(digits string) (int, bool) {
	sum := 0
	for i, w := range businessIDWeights {
		sum += int(digits[i]-'0') * w
	}
	switch rest := sum % 11; rest {
	case 0:
		return 0, true
	case 1:
		return 0, false
	default:
		return 11 - rest, true
	}
}

// inventedBusinessID gives the first valid business id from a number on.
func inventedBusinessID(n int) string {
	for ; ; n++ {
		digits := fmt.Sprintf("%07d", n)
		if check, ok := businessIDCheck(digits); ok {
			return digits + "-" + strconv.Itoa(check)
		}
	}
}

// holdsIdentityCode reports whether there is a personal identity code with the right check character in a text.
func holdsIdentityCode(s string) bool {
	for _, found := range identityCode.FindAllString(s, -1) {
		n, err := strconv.Atoi(found[:6] + found[7:10])
		if err == nil && identityCheck[n%31] == strings.ToUpper(found)[10] {
			return true
		}
	}
	return false
}
