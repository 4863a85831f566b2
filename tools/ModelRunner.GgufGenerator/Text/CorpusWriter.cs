namespace ModelRunner.GgufGenerator.Text;

/// <summary>
/// Writes the text that the models are made from: stories, and dialogues in ChatML. It comes from a small grammar, so it has no outside
/// licence, and it has so little variety that a very small model learns it.
/// </summary>
internal sealed class CorpusWriter
{
    /// <summary>Begins every document.</summary>
    public const string Begin = "<|endoftext|>";

    /// <summary>Begins a message.</summary>
    public const string MessageStart = "<|im_start|>";

    /// <summary>Ends a message, and with it an answer.</summary>
    public const string MessageEnd = "<|im_end|>";

    private readonly Picker _pick;
    private readonly StoryWriter _stories;
    private readonly QuestionWriter _questions;

    /// <summary>The same seed gives the same text.</summary>
    public CorpusWriter(int seed)
    {
        _pick = new Picker(seed);
        _stories = new StoryWriter(_pick);
        _questions = new QuestionWriter(_pick);
    }

    /// <summary>Whether a segment is one special token.</summary>
    public static bool IsSpecial(string segment) => segment is Begin or MessageStart or MessageEnd;

    /// <summary>Writes one document, as segments that are either text or one special token.</summary>
    public IReadOnlyList<string> WriteDocument()
    {
        var document = new List<string> { Begin };
        if (_pick.Below(6) == 0)
        {
            document.Add(_stories.Write(_pick.Of(Vocabulary.Animals), _pick.Between(3, 24)));
            return document;
        }

        if (_pick.Below(4) == 0)
            AddMessage(document, "system", _pick.Of("You are a helpful assistant.", "Answer in one sentence.", "You are a kind teacher."));
        for (int turns = _pick.Below(3) == 0 ? _pick.Between(2, 4) : 1; turns > 0; turns--)
        {
            (string question, string answer) = _questions.Write();
            AddMessage(document, "user", question);
            AddMessage(document, "assistant", answer);
        }

        return document;
    }

    private static void AddMessage(List<string> document, string role, string text) =>
        document.AddRange([MessageStart, role + "\n" + text, MessageEnd, "\n"]);
}
