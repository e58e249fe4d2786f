package main_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inner is what no message to a person holds: traces, types of the program, SQL.
var inner = regexp.MustCompile(`goroutine \d|\.go:\d|\*[a-z]+\.[A-Z]|\bmain\.|0x[0-9a-f]{6}|\b(SELECT|INSERT|UPDATE) `)

// canary stands where passwords and keys stand.
const canary = "kanarialintu"

func TestWrongFlagsAreNamed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte(canary), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	busy := taken.Addr().String()
	away := filepath.Join(dir, "olematon")
	// Nothing listens there: what needs a database fails, with no word of the password.
	nowhere := "HUB_DATABASE_URL=postgres://hub:" + canary + "@127.0.0.1:1/hub"

	const (
		failed = 1
		usage  = 2
	)
	for _, c := range []struct {
		name string
		env  string
		args string // split at spaces
		code int
		says []string
	}{
		{"UnknownCommand", "", "fly", usage, []string{`fly`, "hub --help"}},
		{"UnknownFlag", "", "demo --fly", usage, []string{"--fly", "hub demo --help"}},
		{"CommandWithoutItsPart", "", "key", usage, []string{`"create", "list", "revoke"`, "hub key --help"}},
		{"SchemaTakesNoWords", "", "schema all", usage, []string{"all", "hub schema --help"}},
		{"LogLevel", "", "--log-level loud keyset", usage, []string{"--log-level", "HUB_LOG_LEVEL", "loud", "debug, info, warn or error"}},
		{"LogLevelOfTheEnvironment", "HUB_LOG_LEVEL=loud", "keyset", usage, []string{"HUB_LOG_LEVEL", "loud"}},
		{"LogFormat", "", "keyset --log-format xml", usage, []string{"--log-format", "xml", "text or json"}},

		{"MailURL", "", "serve --data " + dir + " --mail-url mail.example.test", usage, []string{"--mail-url", "HUB_MAIL_URL", "smtps://USER:PASSWORD@HOST"}},
		{"MailURLWithAPlainPassword", "HUB_MAIL_URL=smtp://hub:" + canary + "@mail.example.test?tls=off", "serve --data " + dir, usage, []string{"HUB_MAIL_URL", "tls=off"}},
		{"MailFromIsMissing", "", "serve --data " + dir + " --mail-url smtps://mail.example.test", usage, []string{"--mail-from", "HUB_MAIL_FROM", "hub@example.test"}},

		{"PublicURLWithoutScheme", nowhere, "serve --public-url hub.example.test", usage, []string{"--public-url", "HUB_PUBLIC_URL", "https://hub.example.test"}},
		{"PublicURLInTheClear", nowhere, "serve --public-url http://hub.example.test", usage, []string{"--public-url", "https://HOST"}},
		{"PublicURLWithAPassword", "HUB_PUBLIC_URL=https://hub:" + canary + "@hub.example.test", "serve --data " + dir, usage, []string{"HUB_PUBLIC_URL", "https://HOST"}},

		{"ReadWaitBeyondTheServer", nowhere, "serve --read-wait 1m", usage, []string{"--read-wait", "HUB_READ_WAIT", "15s"}},
		{"NoReadMayWait", nowhere, "serve --read-waiters 0", usage, []string{"--read-waiters", "1 to 100000"}},
		{"CustomersNotANumber", "", "demo --customers many", usage, []string{"--customers", "whole number", "many"}},
		{"CustomersNegative", "", "demo --customers=-1", usage, []string{"--customers", "0 to 3000000", "-1"}},
		{"CustomersAbsurd", "", "demo --customers 99999999", usage, []string{"--customers", "0 to 3000000"}},
		{"CustomersBeyondNumbers", "", "demo --customers 99999999999999999999", usage, []string{"--customers", "too large"}},
		{"CustomersHalf", "", "sandbox netvisor --customers 1.5", usage, []string{"--customers", "whole number"}},
		{"SeedNegative", "", "demo --seed=-1", usage, []string{"--seed", "0 or more"}},
		{"LoadIsMissing", "", "demo --load " + away, usage, []string{"--load " + away, "no such file"}},
		{"LoadIsAFile", "", "sandbox netvisor --load " + file, usage, []string{"--load " + file, "not a folder"}},
		{"InfoInNoFolder", "", "demo --info " + away + "/info.json", usage, []string{"--info " + away, "no such file"}},
		{"InfoIsAFolder", "", "demo --info " + dir, usage, []string{"--info " + dir, "is a folder"}},
		{"InfoWithoutValue", "", "demo --info", usage, []string{"--info needs a value"}},
		{"ChangeEveryWithoutUnit", "", "demo --change-every 5", usage, []string{"--change-every", "30s", `"5"`}},
		{"ChangeEveryNegative", "", "demo --change-every=-5s", usage, []string{"--change-every", "100ms or more", "-5s"}},
		{"ChangeEveryTooOften", "", "demo --change-every 1ns", usage, []string{"--change-every", "100ms or more"}},
		{"PollEveryZero", "", "demo --poll-every 0s", usage, []string{"--poll-every", "1s to 24h"}},
		{"PollEveryAbsurd", "", "demo --poll-every 999h", usage, []string{"--poll-every", "1s to 24h"}},
		{"PollEveryBeyondTime", "", "demo --poll-every 9999999999h", usage, []string{"--poll-every", "9999999999h"}},
		{"LatencyNegative", "", "sandbox netvisor --latency=-1s", usage, []string{"--latency", "-1s"}},
		{"KYCLatencyAbsurd", "", "sandbox kyc --latency=2h", usage, []string{"--latency", "0s to 1h", "2h"}},
		{"KYCRateLimitNegative", "", "sandbox kyc --rate-limit=-1", usage, []string{"--rate-limit", "0 or more", "-1"}},
		{"KYCBurstZero", "", "sandbox kyc --burst 0", usage, []string{"--burst", "1 or more"}},
		{"KYCRetryScaleZero", "", "sandbox kyc --retry-scale 0", usage, []string{"--retry-scale", "more than 0"}},
		{"KYCRetryScaleNotANumber", "", "sandbox kyc --retry-scale NaN", usage, []string{"--retry-scale", "more than 0"}},
		{"KYCRetryScaleAWord", "", "sandbox kyc --retry-scale fast", usage, []string{"--retry-scale", "a number such as 0.5", "fast"}},

		{"FlexCustomersAbsurd", "", "sandbox flex --customers 999999", usage, []string{"--customers", "0 to 100000"}},
		{"FlexLatencyNegative", "", "sandbox flex --latency=-1s", usage, []string{"--latency", "-1s"}},
		{"FlexRateNegative", "", "sandbox flex --rate-per-minute=-1", usage, []string{"--rate-per-minute", "0 to 100000"}},
		{"FlexPatienceNone", "", "sandbox flex --webhook-patience 0s", usage, []string{"--webhook-patience", "1ms to 1h"}},
		{"FlexRetryScaleNone", "", "sandbox flex --retry-scale 0", usage, []string{"--retry-scale", "at most 1000"}},
		{"FlexRetryScaleNotANumber", "", "sandbox flex --retry-scale NaN", usage, []string{"--retry-scale", "at most 1000"}},
		{"FlexAddressIsTaken", "", "sandbox flex --address " + busy, failed, []string{"--address " + busy, "taken"}},
		{"FlexAddressWithAbsurdPort", "", "sandbox flex --address 127.0.0.1:99999", usage, []string{"--address", "99999"}},

		{"AddressWithoutPort", "", "demo --address localhost", usage, []string{"--address", "HOST:PORT", "localhost"}},
		{"AddressWithAbsurdPort", "", "sandbox netvisor --address 127.0.0.1:99999", usage, []string{"--address", "99999"}},
		{"AddressOfTheEnvironment", "HUB_ADDRESS=nowhere", "serve --data " + dir, usage, []string{"HUB_ADDRESS", "nowhere"}},
		{"AddressIsTaken", "", "demo --netvisor-address 127.0.0.1:0 --address " + busy, failed, []string{"--address " + busy, "taken"}},
		{"NetvisorAddressIsTaken", "", "demo --netvisor-address " + busy, failed, []string{"--netvisor-address " + busy, "taken"}},
		{"KYCAddressWithoutPort", "", "sandbox kyc --address localhost", usage, []string{"--address", "HOST:PORT", "localhost"}},
		{"KYCAddressOfTheEnvironment", "HUB_SANDBOX_KYC_ADDRESS=nowhere", "sandbox kyc", usage, []string{"HUB_SANDBOX_KYC_ADDRESS", "nowhere"}},
		{"KYCAddressIsTaken", "", "sandbox kyc --address " + busy, failed, []string{"--address " + busy, "taken"}},
		{"SandboxAddressIsTaken", "", "sandbox netvisor --address " + busy, failed, []string{"--address " + busy, "taken"}},
		{"AddressOfAnotherMachine", "", "sandbox netvisor --address 192.0.2.1:0", failed, []string{"--address 192.0.2.1:0", "cannot be listened on"}},

		{"NoDatabase", "", "serve", usage, []string{"--database-url", "HUB_DATABASE_URL", "--data", "HUB_DATA"}},
		{"TwoDatabases", nowhere, "organisation list --data " + dir, usage, []string{"--database-url", "--data", "not by both"}},
		{"OwnerBesideData", "HUB_MIGRATE_DATABASE_URL=postgres://o:" + canary + "@127.0.0.1:1/hub", "key list --data " + dir, usage, []string{"--migrate-database-url", "--data"}},
		{"OwnerAlone", "HUB_MIGRATE_DATABASE_URL=postgres://o:" + canary + "@127.0.0.1:1/hub", "key list", usage, []string{"--database-url", "HUB_DATABASE_URL"}},
		{"DatabaseURLUnreadable", "HUB_DATABASE_URL=postgres://hub:" + canary + "%@127.0.0.1/hub", "sync", usage, []string{"--database-url (HUB_DATABASE_URL) cannot be read"}},
		{"MigrateURLUnreadable", "HUB_MIGRATE_DATABASE_URL=postgres://hub:" + canary + "@127.0.0.1:port/hub", "migrate up", usage, []string{"--migrate-database-url (HUB_MIGRATE_DATABASE_URL) cannot be read"}},
		{"DatabaseDoesNotAnswer", nowhere, "organisation list", failed, []string{"the database at 127.0.0.1:1 does not answer"}},
		{"OwnersDatabaseDoesNotAnswer", "HUB_MIGRATE_DATABASE_URL=postgres://o:" + canary + "@127.0.0.1:1/hub", "migrate up", failed, []string{"the database at 127.0.0.1:1 does not answer"}},
		{"MigrateWithoutTheOwner", nowhere, "migrate up", usage, []string{"HUB_MIGRATE_DATABASE_URL", "owner"}},
		{"DataIsAFile", "", "organisation list --data " + file, failed, []string{file, "cannot hold the database"}},
		{"DataWhereNothingCanBe", "", "organisation list --data /proc/olematon", failed, []string{"/proc/olematon"}},
		{"PostgresBinIsMissing", "", "demo --postgres-bin " + away, usage, []string{"--postgres-bin", "HUB_POSTGRES_BIN", away}},
		{"PostgresBinHasNoPostgres", "", "organisation create x --data " + dir + "/data --postgres-bin " + dir, failed, []string{"no usable Postgres in " + dir}},
		{"PostgresFetchURLIsNone", "", "demo --postgres-fetch-url repository", usage, []string{"--postgres-fetch-url", "HUB_POSTGRES_FETCH_URL"}},

		{"KeysetUnreadable", nowhere, "serve --address 127.0.0.1:0 --keyset-file " + away, usage, []string{"--keyset-file (HUB_KEYSET_FILE)", away, "no such file"}},
		{"KeysetIsNone", "HUB_KEYSET=" + canary, "serve --address 127.0.0.1:0 --database-url postgres://127.0.0.1:1/hub", usage, []string{"--keyset (HUB_KEYSET)", "not a keyset"}},
		{"KeysetFileIsNone", nowhere, "sync --keyset-file " + file, usage, []string{"--keyset-file (HUB_KEYSET_FILE)", "not a keyset"}},
		{"KeysetFileWithoutEnd", nowhere, "sync --keyset-file /dev/zero", usage, []string{"--keyset-file", "not a keyset"}},
		{"TwoKeysets", "HUB_KEYSET=" + canary, "sync --database-url postgres://127.0.0.1:1/hub --keyset-file " + file, usage, []string{"--keyset", "--keyset-file", "not by both"}},
		{"RotateIsMissing", "", "keyset --rotate " + away, failed, []string{"--rotate", away}},
		{"RotateIsNoKeyset", "", "keyset --rotate " + file, failed, []string{"--rotate", "not a keyset"}},

		{"FlagOfTheEnvironmentIsNeitherYesNorNo", "HUB_DEVELOPMENT=maybe", "serve", usage, []string{"HUB_DEVELOPMENT", "maybe"}},
		{"OriginWithoutScheme", nowhere, "serve --allow-origin app.example.test", usage, []string{"--allow-origin", "https://"}},
		{"OriginWithPath", nowhere, "serve --allow-origin https://app.example.test/path", usage, []string{"--allow-origin"}},
		{"TakeOverTooSoon", nowhere, "serve --take-over-after 1ms", usage, []string{"--take-over-after", "2s to 1h"}},

		{"OrganisationWithoutName", nowhere, "organisation create", usage, []string{"<name>", "hub organisation create --help"}},
		{"KeyWithoutScope", nowhere, "key create test", usage, []string{"--scope"}},
		{"KeyWithUnknownScope", nowhere, "key create test --scope everything", usage, []string{"--scope", `"everything"`, "customers:read"}},
		{"KeyThatIsExpired", nowhere, "key create test --scope admin --expires-in 0s", usage, []string{"--expires-in"}},
		{"KeyForAges", nowhere, "key create test --scope admin --expires-in 2000000h", usage, []string{"--expires-in"}},
		{"KeyRevokedWithoutId", nowhere, "key revoke", usage, []string{"<id>"}},
		{"CustomerDeleteOfNobody", nowhere, "customer delete --by=Aino --reason=x", usage, []string{"<customer>", "hub customer delete --help"}},
		{"CustomerDeleteByNobody", nowhere, "customer delete 1 --reason=x", usage, []string{"--by"}},
		{"CustomerDeleteForNoReason", nowhere, "customer delete 1 --by=Aino", usage, []string{"--reason"}},
		{"CustomerDeleteWithNothingSaid", nowhere, "customer delete 1 --by=Aino --reason=", usage, []string{"--reason takes why"}},
		{"CustomerDeleteWaitsBackwards", nowhere, "customer delete 1 --by=Aino --reason=x --wait=-1s", usage, []string{"--wait"}},
		{"OnboardingSaysTwoThings", nowhere, "onboarding --profile=everything --withdraw=kyc_scope --by=Aino", usage, []string{"--profile", "one thing at a time"}},
		{"OnboardingByNobody", nowhere, "onboarding --profile=everything", usage, []string{"--by"}},
		{"OnboardingForNoReason", nowhere, "onboarding --acknowledge=kyc_scope --by=Aino", usage, []string{"--reason"}},
		{"MigrateDownWithoutYes", "", "migrate down --data " + dir, usage, []string{"--yes"}},
		{"MigrateDownByNothing", "", "migrate down --yes --steps 0 --data " + dir, usage, []string{"--steps", "1 or more"}},
		{"MigrateDownBackwards", "", "migrate down --yes --steps=-1 --data " + dir, usage, []string{"--steps", "1 or more"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, []string{c.env, "TMPDIR=" + dir}, strings.Fields(c.args)...)
			refuses(t, r, c.code, append(c.says, "hub: ")...)
			if strings.Contains(r.out+r.errOut, canary) {
				t.Errorf("a secret is shown:\n%s", r.errOut)
			}
			if found := inner.FindString(r.out + r.errOut); found != "" {
				t.Errorf("%q is of no use to a person:\n%s", found, r.errOut)
			}
			if lines := strings.Count(r.errOut, "\n"); lines > 3 {
				t.Errorf("%d lines for one error:\n%s", lines, r.errOut)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	secrets := []string{"HUB_KEYSET=" + canary, "HUB_DATABASE_URL=postgres://hub:" + canary + "@127.0.0.1:1/hub"}
	bare := run(t, nil)
	if bare.code != 0 || !strings.Contains(bare.out, "hub demo") {
		t.Errorf("hub alone: code %d:\n%s%s", bare.code, bare.out, bare.errOut)
	}
	for args, says := range map[string][]string{
		"--help":                     {"demo", "serve", "sync", "migrate up", "organisation create", "key revoke", "keyset", "schema", "sandbox netvisor", "sandbox kyc", "sandbox flex"},
		"demo --help":                {"--info=FILE", "--load=FOLDER", "$HUB_POSTGRES_BIN", "$HUB_LOG_LEVEL"},
		"serve --help":               {"$HUB_ADDRESS", "$HUB_DATABASE_URL", "$HUB_MIGRATE_DATABASE_URL", "$HUB_DATA", "$HUB_KEYSET", "$HUB_ALLOW_ORIGIN", "$HUB_TAKE_OVER_AFTER"},
		"onboarding --help":          {"--profile", "--acknowledge", "--withdraw", "--reason", "$HUB_MAIL_URL"},
		"migrate --help":             {"up", "down", "status"},
		"migrate down --help":        {"--steps", "--yes", "LOST"},
		"organisation create --help": {"<name>"},
		"key create --help":          {"--scope", "customers:read", "--expires-in"},
		"key list --help":            {"--organisation"},
		"key revoke --help":          {"<id>"},
		"keyset --help":              {"--rotate"},
		"sync --help":                {"--full", "--system", "$HUB_KEYSET"},
		"sandbox netvisor --help":    {"--customers", "--seed", "--load", "--latency", "$HUB_SANDBOX_NETVISOR_ADDRESS"},
		"sandbox kyc --help":         {"--disabled", "--rate-limit", "--state", "$HUB_SANDBOX_KYC_ADDRESS"},
		"sandbox flex --help":        {"--customers", "--seed", "--enabled", "--retry-scale", "--state", "$HUB_SANDBOX_FLEX_ADDRESS"},
		"schema --help":              {"GraphQL schema"},
		"--version":                  {"hub "},
	} {
		t.Run(strings.TrimSuffix(args, " --help"), func(t *testing.T) {
			t.Parallel()
			r := run(t, secrets, strings.Fields(args)...)
			if r.code != 0 || r.errOut != "" {
				t.Errorf("code %d: %s", r.code, r.errOut)
			}
			for _, w := range says {
				if !strings.Contains(r.out, w) {
					t.Errorf("does not show %q:\n%s", w, r.out)
				}
			}
			if strings.Contains(r.out, canary) {
				t.Error("shows a secret of the environment")
			}
		})
	}
}
