package main

import "strings"

// The words of the sample data. The cost of a search depends on how common its words are, so
// some have a known share of the groups: “questions” is in about a sixth of them, “keys” in a
// tenth, “Lisbon” and “chess” in one in sixty, “penguin” in one in a thousand, “harpsichord”
// and “lighthouse” in one in 30,000, and “zeppelin” in none.

var firstNames = []string{
	"Ada", "Agnieszka", "Aiko", "Amara", "Amélie", "Anders", "Anita", "Antonio", "Arjun", "Åsa",
	"Beatriz", "Benjamin", "Bianca", "Carlos", "Chiara", "Chloé", "Claire", "Daniel", "David", "Deepa",
	"Diego", "Elena", "Élodie", "Emeka", "Emily", "Emma", "Erik", "Fatima", "Felix", "Fiona",
	"Gabriel", "Giulia", "Grace", "Hana", "Hannah", "Hassan", "Hugo", "Ibrahim", "Ingrid", "Isabel",
	"Iván", "Jack", "Jamal", "Jasmine", "João", "Jonas", "José", "Julia", "Jürgen", "Kavya",
	"Kenji", "Kofi", "Lars", "Laura", "Leila", "Léo", "Lin", "Lucas", "Lucía", "Magdalena",
	"Malik", "Maria", "Mateo", "Maya", "Mei", "Mia", "Miguel", "Mohamed", "Nadia", "Naomi",
	"Ngozi", "Nina", "Noah", "Nora", "Oliver", "Olivia", "Omar", "Paolo", "Priya", "Rachel",
	"Ravi", "Renée", "Rosa", "Samuel", "Sara", "Sofia", "Søren", "Stefan", "Tariq", "Thomas",
	"Tomás", "Uma", "Valentina", "Viktor", "Wei", "Yara", "Yasmin", "Yuki", "Zainab", "Zoë",
}

var lastNames = []string{
	"Abbas", "Adeyemi", "Almeida", "Andersson", "Bakker", "Banerjee", "Bauer", "Becker", "Bianchi", "Brown",
	"Campbell", "Castro", "Chen", "Clark", "Costa", "Côté", "Cruz", "Das", "Davies", "Díaz",
	"Dubois", "Eriksen", "Evans", "Fernández", "Ferrari", "Fischer", "Garcia", "Gómez", "González", "Green",
	"Gupta", "Haddad", "Hall", "Hansen", "Harris", "Hernández", "Hoffmann", "Hughes", "Ito", "Jackson",
	"Jansen", "Johnson", "Jones", "Joshi", "Kaya", "Keller", "Khan", "Kim", "King", "Kowalski",
	"Kumar", "Larsson", "Lee", "Lefèvre", "Li", "Lima", "López", "Martin", "Martínez", "Mehta",
	"Mensah", "Meyer", "Moore", "Moreau", "Morris", "Müller", "Murphy", "Nakamura", "Nguyen", "Nielsen",
	"Novák", "O'Brien", "Okafor", "Okonkwo", "Oliveira", "Park", "Patel", "Pereira", "Petrov", "Popescu",
	"Ramírez", "Reyes", "Ricci", "Roberts", "Rossi", "Sánchez", "Santos", "Sato", "Schmidt", "Schneider",
	"Sharma", "Silva", "Singh", "Smith", "Suzuki", "Tanaka", "Taylor", "Van Dijk", "Wagner", "Wong",
}

// plainLetters replaces the letters of the names above that usernames can't have.
var plainLetters = strings.NewReplacer(
	"Å", "A", "É", "E", "á", "a", "ã", "a", "ç", "c", "è", "e", "é", "e", "ë", "e", "í", "i",
	"ñ", "n", "ó", "o", "ô", "o", "ø", "o", "ü", "u",
)

var cities = []string{
	"Accra", "Amsterdam", "Athens", "Auckland", "Austin", "Bangalore", "Bangkok", "Barcelona", "Beirut", "Berlin",
	"Bogotá", "Boston", "Brighton", "Buenos Aires", "Cairo", "Cape Town", "Chicago", "Copenhagen", "Dakar", "Dublin",
	"Edinburgh", "Geneva", "Hanoi", "Helsinki", "Istanbul", "Jakarta", "Kraków", "Kyoto", "Lagos", "Lima",
	"Lisbon", "Ljubljana", "London", "Madrid", "Manila", "Medellín", "Melbourne", "Mexico City", "Milan", "Montréal",
	"Mumbai", "Nairobi", "Oslo", "Paris", "Porto", "Prague", "Reykjavík", "Rome", "Santiago", "São Paulo",
	"Seattle", "Seoul", "Singapore", "Stockholm", "Sydney", "Taipei", "Tallinn", "Tokyo", "Toronto", "Zürich",
}

var topics = []string{
	"Allotment", "Astronomy", "Badminton", "Baking", "Basketball", "Bird Watching", "Board Games", "Book", "Bouldering", "Ceramics",
	"Chess", "Choir", "Climbing", "Coffee", "Cooking", "Cycling", "Dance", "Design", "Documentary", "Drawing",
	"Film", "Football", "French", "Gardening", "Hiking", "History", "Improv", "Jazz", "Kayaking", "Knitting",
	"Language Exchange", "Marathon", "Meditation", "Music", "Neighbourhood", "Open Source", "Opera", "Parents", "Philosophy", "Photography",
	"Piano", "Poetry", "Pottery", "Running", "Sailing", "Science Fiction", "Sewing", "Skating", "Spanish", "Street Food",
	"Swimming", "Table Tennis", "Tennis", "Theatre", "Trail Running", "Volleyball", "Volunteers", "Wine Tasting", "Writing", "Yoga",
}

// groupNames take a place and a topic.
var groupNames = []string{
	"%s %s Club", "%s %s Group", "%s %s Society", "%s %s Circle", "%s %s Meetup", "%s %s Beginners",
	"%s %s Weekend", "%s %s Community", "%s %s Friends", "%s %s League", "%s %s Workshop", "%s %s Tuesdays",
	"%[2]s in %[1]s", "%[2]s, %[1]s North", "%[2]s, %[1]s South", "New to %[2]s, %[1]s", "%[1]s %[2]s Planning", "%[2]s Night %[1]s",
}

// purposes take a topic and a place.
var purposes = []string{
	"Everybody in %[2]s who loves %[1]s, whether for twenty years or since last week.",
	"Plans, questions and pictures about %[1]s in and around %[2]s.",
	"We meet twice a month in %[2]s. Talk here is about %[1]s and the next date.",
	"For those who organise %[1]s in %[2]s: rooms, money, and who brings the keys.",
	"Beginners' questions about %[1]s are welcome. Most of us live near %[2]s.",
	"Lifts, lost property and last-minute changes for %[1]s, %[2]s.",
	"A quiet place for %[1]s in %[2]s; announcements only on weekdays.",
	"All about %[1]s: where to go in %[2]s, what to bring, whom to ask.",
}

var customs = []string{
	"Introduce yourself when you join.",
	"Please keep to English or the local language.",
	"Photographs only with everybody's consent.",
	"No advertising, not even for a good cause.",
	"The calendar is in the first message of each month.",
	"Ask before you add somebody.",
	"Children are welcome at every meeting.",
	"Write to one of the organisers when something goes wrong.",
}

// asides are sentences that only few descriptions have.
var asides = []struct {
	text  string
	oneIn int // groups
}{
	{"Our mascot is a penguin.", 1000},
	{"The room has a harpsichord that anybody may play.", 30_000},
	{"The founders met on a walk to the lighthouse.", 30_000},
}
