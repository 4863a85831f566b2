using System.Text;

namespace ModelRunner.GgufGenerator.Text;

/// <summary>Writes stories about an animal: a beginning, loosely connected sentences, an end.</summary>
internal sealed class StoryWriter(Picker pick)
{
    /// <summary>Writes one story.</summary>
    public string Write(string animal, int sentences)
    {
        string name = pick.Of(Vocabulary.Names);
        string thing = pick.Of(Vocabulary.Things);
        string place = pick.Of(Vocabulary.Places);
        string adjective = pick.Of(Vocabulary.Adjectives);
        var story = new StringBuilder(pick.Of(
            $"Once upon a time there was {WithArticle(adjective)} {animal} named {name}.",
            $"{name} was {WithArticle(adjective)} {animal} who lived near {place}.",
            $"Long ago, {WithArticle(adjective)} {animal} called {name} lived by {place}."));
        for (int i = 0; i < sentences; i++)
        {
            if (pick.Below(4) == 0)
                place = pick.Of(Vocabulary.Places);
            if (pick.Below(5) == 0)
                thing = pick.Of(Vocabulary.Things);
            story.Append(' ').Append(Sentence(animal, name, thing, place));
        }

        return story.Append(' ').Append(pick.Of(
            "After that they were happy.", $"And {name} slept well that night.",
            "It was a good day.", $"That is the story of {name}.")).ToString();
    }

    /// <summary>Puts "a" or "an" before a word.</summary>
    public static string WithArticle(string word) => ("aeiou".Contains(word[0], StringComparison.Ordinal) ? "an " : "a ") + word;

    private string Sentence(string animal, string name, string thing, string place)
    {
        string friend = pick.Of(Vocabulary.Animals);
        return pick.Below(16) switch
        {
            0 => $"One day {name} went to {place}.",
            1 => $"{name} found {WithArticle(thing)} near {place}.",
            2 => pick.Of(Vocabulary.Weather),
            3 => $"\"What is this?\" said {name}.",
            4 => $"{name} met {WithArticle(pick.Of(Vocabulary.Adjectives))} {friend}.",
            5 => $"The {friend} said, \"Please help me find my {thing}.\"",
            6 => $"They looked for the {thing} all day.",
            7 => $"{name} was very {pick.Of("happy", "tired", "hungry", "sad", "glad")}.",
            8 => $"So {name} walked back to {place}.",
            9 => $"The {friend} gave {name} {WithArticle(thing)}.",
            10 => $"\"Thank you,\" said the {animal}.",
            11 => $"In the evening they sat by {place} and talked.",
            12 => $"{name} shared the {thing} with the {friend}.",
            13 => $"The {friend} and the {animal} became good friends.",
            14 => $"Then {name} saw {WithArticle(pick.Of(Vocabulary.Adjectives))} {friend} at {place}.",
            _ => $"{name} wanted to see {place} again.",
        };
    }
}
