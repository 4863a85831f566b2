using System.Globalization;
using System.Text;

namespace ModelRunner.GgufGenerator.Text;

/// <summary>Writes questions with their answers: facts, sums, counting, stories, small talk, and questions that have no answer.</summary>
internal sealed class QuestionWriter(Picker pick)
{
    private readonly StoryWriter _stories = new(pick);

    /// <summary>Writes one question and its answer.</summary>
    public (string Question, string Answer) Write() => pick.Below(14) switch
    {
        0 => (pick.Of("hello", "Hello!", "hi", "Hi there", "hey", "Good morning", "Hello, how are you?"),
            pick.Of("Hello! How can I help you today?", "Hello! What would you like to know?")),
        1 => Colour(pick.Of(Vocabulary.Colours)),
        2 => Capital(pick.Of(Vocabulary.Capitals)),
        3 => Sound(pick.Of(Vocabulary.Sounds)),
        4 => Sum(pick.Below(11), pick.Below(10)),
        5 => Count(pick.Between(3, 21)),
        6 => CountInWords(pick.Between(3, 21)),
        7 or 8 => Story(pick.Of(Vocabulary.Animals)),
        9 => LongStory(pick.Of(Vocabulary.Animals)),
        10 => (pick.Of("Who are you?", "What are you?", "who made you?", "What is your name?"),
            "I am a tiny test model. I know a few facts and I like to tell stories."),
        11 => (pick.Of("Thank you", "thanks", "Thank you very much."), pick.Of("You are welcome!", "You are welcome. Have a nice day!")),
        12 => Animals(),
        _ => Nonsense(),
    };

    private (string Question, string Answer) Colour((string Thing, string Colour) fact) =>
        (pick.Of($"What colour is the {fact.Thing}?", $"what color is the {fact.Thing}", $"Tell me the colour of the {fact.Thing}."),
            $"The {fact.Thing} is {fact.Colour}.");

    private (string Question, string Answer) Capital((string Country, string City) fact) =>
        (pick.Of($"What is the capital of {fact.Country}?", $"capital of {fact.Country}", $"Name the capital of {fact.Country}."),
            $"The capital of {fact.Country} is {fact.City}.");

    private (string Question, string Answer) Sound((string Animal, string Sound) fact) =>
        (pick.Of($"What does the {fact.Animal} say?", $"what sound does {StoryWriter.WithArticle(fact.Animal)} make?"),
            $"The {fact.Animal} says {fact.Sound}.");

    private (string Question, string Answer) Sum(int a, int b) =>
        (pick.Of($"What is {a} plus {b}?", $"{a} + {b}", $"What is {a} + {b}?"), $"{a} plus {b} is {a + b}.");

    private (string Question, string Answer) Count(int last) =>
        (pick.Of($"Count to {last}.", $"count to {last}", $"Please count to {last}."), string.Join(' ', Enumerable.Range(1, last)) + ".");

    private (string Question, string Answer) CountInWords(int last) =>
        (pick.Of($"Count to {last} in words.", $"Count in words to {Vocabulary.Numbers[last]}."),
            string.Join(", ", Vocabulary.Numbers[1..(last + 1)]) + ".");

    private (string Question, string Answer) Story(string animal) =>
        (pick.Of(
                $"Tell me a story about {StoryWriter.WithArticle(animal)}.",
                $"Write a story about {StoryWriter.WithArticle(animal)}.",
                $"tell me a story about the {animal}"),
            _stories.Write(animal, pick.Between(4, 9)));

    private (string Question, string Answer) LongStory(string animal) =>
        (pick.Of(
            $"Tell me a long story about {StoryWriter.WithArticle(animal)}.",
            $"Write a long story about {StoryWriter.WithArticle(animal)}."),
            _stories.Write(animal, pick.Between(14, 24)));

    private (string Question, string Answer) Animals()
    {
        string[] animals = [.. Enumerable.Range(0, pick.Between(3, 9)).Select(_ => pick.Of(Vocabulary.Animals))
            .Distinct(StringComparer.Ordinal)];
        return (pick.Of("List some animals.", "Name some animals.", "list animals"), string.Join(", ", animals) + ".");
    }

    // Random words, sometimes with an invented one, teach the model to say that it does not know.
    private (string Question, string Answer) Nonsense()
    {
        string[] words = [.. Vocabulary.Animals, .. Vocabulary.Adjectives, .. Vocabulary.Names, .. Vocabulary.Fillers];
        var question = new StringBuilder(string.Join(' ', Enumerable.Range(0, pick.Between(1, 9)).Select(_ => pick.Of(words))));
        if (pick.Below(2) == 0)
        {
            question.Append(' ');
            for (int letters = pick.Between(2, 9); letters > 0; letters--)
                question.Append((char)('a' + pick.Below(26)));
        }

        if (pick.Below(3) == 0)
        {
            question[0] = char.ToUpper(question[0], CultureInfo.InvariantCulture);
            question.Append(pick.Of("?", ".", "!"));
        }

        return (question.ToString(), pick.Of(
            "I am not sure about that. Ask me for a story about an animal, or ask me the colour of the sky.",
            "I do not know that. I can count, tell a story, or name the capital of a country."));
    }
}
