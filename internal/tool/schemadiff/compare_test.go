package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const base = `
type Query { a(x: Int, y: String = "y"): Thing  list: [Thing!]!  old: String @deprecated(reason: "Use a. Removed after 2026-01-01.") }
interface Named { name: String }
type Thing implements Named { name: String  size: Int! }
type Other { id: ID }
union Any = Thing | Other
enum Color { RED GREEN }
input Filter { color: Color  sizes: [Int!]  depth: Int = 1 }
`

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ from, to, want string }{
		"Nothing":                     {"size: Int!", "size: Int!", ""},
		"FieldRemoved":                {"  size: Int!", "", "Breaking Thing.size was removed, and had not been deprecated before"},
		"DeprecatedFieldRemoved":      {`  old: String @deprecated(reason: "Use a. Removed after 2026-01-01.")`, "", "Breaking Query.old was removed; it had been deprecated: Use a. Removed after 2026-01-01."},
		"FieldAdded":                  {"size: Int!", "size: Int!  weight: Int", "Safe Thing.weight is new"},
		"FieldGetsNullable":           {"size: Int!", "size: Int", "Breaking Thing.size was Int! and is Int"},
		"FieldGetsNonNull":            {"type Thing implements Named { name: String", "type Thing implements Named { name: String!", "Safe Thing.name was String and is String!"},
		"FieldGetsAList":              {"size: Int!", "size: [Int!]!", "Breaking Thing.size was Int! and is [Int!]!"},
		"ItemsGetNullable":            {"list: [Thing!]!", "list: [Thing]!", "Breaking Query.list was [Thing!]! and is [Thing]!"},
		"TypeRemoved":                 {"union Any = Thing | Other\n", "", "Breaking Any was removed"},
		"TypeAdded":                   {"enum Color", "scalar Day\nenum Color", "Safe Day is new"},
		"KindChanged":                 {"enum Color { RED GREEN }", "scalar Color", "Breaking Color was of the kind ENUM and is of the kind SCALAR"},
		"InterfaceGone":               {"type Thing implements Named", "type Thing", "Breaking Thing does not implement Named any more"},
		"InterfaceCome":               {"type Other { id: ID }", "type Other implements Named { id: ID name: String }", "Safe Other.name is new\nDangerous Other implements Named"},
		"MemberGone":                  {"= Thing | Other", "= Thing", "Breaking Any does not contain Other any more"},
		"EnumValueGone":               {"RED GREEN", "RED", "Breaking Color has no value GREEN any more"},
		"EnumValueCome":               {"RED GREEN", "RED GREEN BLUE", "Dangerous Color has the new value BLUE"},
		"EnumValueDeprecated":         {"RED GREEN", `RED GREEN @deprecated(reason: "r")`, "Safe Color.GREEN is deprecated: r"},
		"ArgumentGone":                {"x: Int, ", "", "Breaking Query.a(x) was removed"},
		"ArgumentCome":                {"x: Int, ", "x: Int, z: Int, ", "Safe Query.a(z) is new and optional"},
		"RequiredArgumentCome":        {"x: Int, ", "x: Int, z: Int!, ", "Breaking Query.a(z) is new and required"},
		"RequiredArgumentWithDefault": {"x: Int, ", "x: Int, z: Int! = 1, ", "Safe Query.a(z) is new and optional"},
		"ArgumentGetsRequired":        {"x: Int, ", "x: Int!, ", "Breaking Query.a(x) took Int and takes Int!"},
		"DefaultChanged":              {`y: String = "y"`, `y: String = "z"`, `Dangerous Query.a(y) was "y" when absent and is "z"`},
		"InputFieldGone":              {"color: Color  sizes", "sizes", "Breaking Filter.color was removed"},
		"InputFieldCome":              {"color: Color  sizes", "color: Color  name: String  sizes", "Safe Filter.name is new and optional"},
		"RequiredInputFieldCome":      {"color: Color  sizes", "color: Color  name: String!  sizes", "Breaking Filter.name is new and required"},
		"InputFieldGetsRequired":      {"color: Color  sizes", "color: Color!  sizes", "Breaking Filter.color took Color and takes Color!"},
		"InputItemsGetNullable":       {"sizes: [Int!]", "sizes: [Int]", "Safe Filter.sizes took [Int!] and takes [Int]"},
		"InputDefaultGone":            {"depth: Int = 1", "depth: Int", "Dangerous Filter.depth was 1 when absent and is nothing"},
		"Undeprecated":                {`old: String @deprecated(reason: "Use a. Removed after 2026-01-01.")`, "old: String", "Safe Query.old is deprecated no longer"},
		"Deprecated":                  {"size: Int!", `size: Int! @deprecated(reason: "Use weight.")`, "Safe Thing.size is deprecated: Use weight."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(base, tc.from) && tc.want != "" {
				t.Fatalf("nothing to change: %q", tc.from)
			}
			before, err := parse("before", base)
			if err != nil {
				t.Fatal(err)
			}
			after, err := parse("after", strings.Replace(base, tc.from, tc.to, 1))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range compare(before, after) {
				got = append(got, string(c.severity)+" "+c.path+" "+c.what)
			}
			want := strings.Split(tc.want, "\n")
			if tc.want == "" {
				want = nil
			}
			if len(got) != len(want) {
				t.Fatalf("got %q, want %q", got, want)
			}
			for _, w := range want {
				if !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+w+"\n") {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

// TestRun compares in a repository of its own: without a tag, with one, and with a schema that breaks it.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	do := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.test"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("git %v: %s", args, out)
		}
	}
	write := func(sdl string) {
		t.Helper()
		if err := os.WriteFile(schemaFile, []byte(sdl), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(base)
	do("init", "-q")
	do("add", ".")
	do("commit", "-qm", "one")
	ask := func() (string, error) {
		var out strings.Builder
		err := run(t.Context(), &out, "")
		return out.String(), err
	}
	if out, err := ask(); err != nil || !strings.Contains(out, "There is no tag yet") {
		t.Errorf("without a tag: %q, %v", out, err)
	}
	do("tag", "v1")
	if out, err := ask(); err != nil || out != "The schema is that of v1.\n" {
		t.Errorf("unchanged: %q, %v", out, err)
	}
	write(strings.Replace(base, "size: Int!", "weight: Int!", 1))
	if out, err := ask(); err == nil || !strings.Contains(out, "Breaking since v1:\n  Thing.size") || !strings.Contains(out, "Safe since v1:\n  Thing.weight") {
		t.Errorf("broken: %q, %v", out, err)
	}
	write("type Query {")
	if _, err := ask(); err == nil {
		t.Error("a schema that cannot be read is no schema")
	}
}
