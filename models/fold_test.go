package models_test

import (
	"slices"
	"testing"

	"protocol.chat/console/models"
	"protocol.chat/console/models/access"
	"protocol.chat/console/models/identity"
	"protocol.chat/console/models/modelstest"
	"protocol.chat/console/models/text"
)

func TestFoldTransliterates(t *testing.T) {
	for typed, want := range map[string]string{
		"CAFÉ":                         "cafe",
		"Łódź":                         "lodz",
		"Søren Þór Ægisson":            "soren thor aegisson",
		"Đorđe Œuvre Straße":           "dorde oeuvre strasse",
		"Isparta İzmir ılık ĲSSEL":     "isparta izmir ilik ijssel",
		"Ħal Għaxaq, Ŋgoŋ, Ŧ":          "hal ghaxaq, ngon, t",
		"O’Brien O'Brien OʼBrien":      "o'brien o'brien o'brien",
		"“Tea” – 5‐6":                  `"tea" - 5-6`,
		"Ｆｕｌｌ　ｗｉｄｔｈ":                   "full width",
		"٠١٢ ०१२ ０１２ ๐๑๒":              "012 012 012 012",
		"zero\u200bwidth\ufeff \u202a": "zerowidth ",
		"한국 서울":                        "한국 서울",
		"กินข้าว":                      "กินขาว",
		"Київ, Ёлка":                   "киів, елка",
	} {
		if got := text.Fold(typed); got != want {
			t.Errorf("Fold(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestSearchFindsLettersThatDoNotDecompose(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for _, name := range []string{"Lodzia", "Łódź", "Lodz", "Zebra", "Æsir", "Adam", "O’Brien", "ığdır"} {
			modelstest.Group(t, store, by, name)
		}
		for search, want := range map[string][]string{
			"lodz": {"Łódź", "Lodz", "Lodzia"}, "ŁÓDŹ": {"Łódź", "Lodz", "Lodzia"}, "aesir": {"Æsir"},
			"o'brien": {"O’Brien"}, "OʼBRIEN": {"O’Brien"}, "igdir": {"ığdır"}, "IĞDIR": {"ığdır"},
		} {
			if got := names(t, store, models.GroupQuery{Search: models.ParseSearch(search, nil), Sort: models.ByName}); !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", search, got, want)
			}
		}
		got := names(t, store, models.GroupQuery{Sort: models.ByName})
		if want := []string{"Adam", "Æsir", "ığdır", "Łódź", "Lodz", "Lodzia", "O’Brien", "Zebra"}; !slices.Equal(got, want) {
			t.Errorf("by name: got %q, want %q", got, want)
		}
	})
}

func TestUsersAreSortedByFoldedName(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store) // Ada Lovelace
		for i, name := range []string{"Zoe", "Øystein", "ole", "Łucja", "adam"} {
			user := identity.NewUser{Email: string('a'+rune(i)) + "@example.com", Name: name, Role: access.Editor, Password: modelstest.OwnerPassword}
			if _, err := store.Identity.Users.CreateUser(t.Context(), by, user); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{"Ada Lovelace", "adam", "Łucja", "ole", "Øystein", "Zoe"}
		people, err := store.Identity.Users.Accounts(t.Context(), by)
		doers, _, err2 := store.Audit.ActorOptions(t.Context())
		var got, gotDoers []string
		for _, p := range people {
			got = append(got, p.Name)
		}
		for _, d := range doers {
			gotDoers = append(gotDoers, d.Name)
		}
		if err != nil || err2 != nil || !slices.Equal(got, want) || !slices.Equal(gotDoers, want) {
			t.Errorf("got %q and %q, %v, %v", got, gotDoers, err, err2)
		}
	})
}

func TestSearchFindsScriptsWithoutGapsAnywhere(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		by := modelstest.Owner(t, store)
		for _, name := range []string{"産品会議室A", "会社の議論", "ミーティング", "김철수 모임", "กลุ่มกินข้าว", "ກຸ່ມລາວ", "ក្រុមខ្មែរ", "မြန်မာအုပ်စု", "Plaza Hotel"} {
			modelstest.Group(t, store, by, name)
		}
		for search, want := range map[string][]string{
			"議": {"会社の議論", "産品会議室A"}, "会議": {"産品会議室A"}, "会議室": {"産品会議室A"}, "品会議": {"産品会議室A"},
			"会議室a": {"産品会議室A"}, "室a": {"産品会議室A"}, "議会": {}, "会議論": {}, "品会室": {}, "の議論": {"会社の議論"}, "社議論の": {}, "a会議": {}, "産品": {"産品会議室A"}, `"産品会議室"`: {"産品会議室A"},
			"会 議": {"会社の議論", "産品会議室A"}, "会 -社": {"産品会議室A"}, "の": {"会社の議論"}, "ー": {"ミーティング"}, "ティ": {"ミーティング"},
			"ﾃｨ": {"ミーティング"}, "수": {"김철수 모임"}, "철수": {"김철수 모임"}, "임": {"김철수 모임"}, "กิน": {"กลุ่มกินข้าว"}, "ข้าว": {"กลุ่มกินข้าว"},
			"กัน": {}, "ลา": {}, "ລາ": {"ກຸ່ມລາວ"}, "ខ្មែ": {"ក្រុមខ្មែរ"}, "မာ": {"မြန်မာအုပ်စု"}, "la": {},
		} {
			for _, sort := range []models.GroupSort{models.ByCreated, models.ByName} {
				got := names(t, store, models.GroupQuery{Search: models.ParseSearch(search, nil), Sort: sort})
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Errorf("%s by %s: got %q, want %q", search, sort, got, want)
				}
			}
		}
	})
}

func TestMarksInScriptsWithoutGaps(t *testing.T) {
	for _, c := range []struct{ text, word, want string }{
		{"産品会議室A", "会議", "産品[会議]室A"},
		{"産品会議室A", "議", "産品会[議]室A"},
		{"産品会議室A", "室a", "産品会議[室A]"},
		{"김철수 모임", "수", "김철[수] 모임"},
		{"Łódź", "lodz", "[Łódź]"},
		{"O’Brien", "o'b", "[O’B]rien"},
		{"zero\u200bwidth", "rowi", "ze[ro\u200bwi]dth"},
	} {
		if got := marked(c.text, c.word); got != c.want {
			t.Errorf("Marks(%q, %q) = %q, want %q", c.text, c.word, got, c.want)
		}
	}
}
