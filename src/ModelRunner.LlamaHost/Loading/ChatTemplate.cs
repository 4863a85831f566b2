using System.Text;
using LLama;
using LLama.Exceptions;
using LLama.Native;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// Turns messages into the prompt that a model was trained on. llama.cpp's library knows some fifty templates by their looks; templates of
/// other kinds are programs in Jinja, which only llama-server runs.
/// </summary>
internal sealed class ChatTemplate
{
    private const string Key = "tokenizer.chat_template";

    // llama-server's choice for a model that brings none.
    private const string Fallback = "chatml";

    private ChatTemplate(string text) => Text = text;

    /// <summary>The template as the model brings it, or the name of a well-known one.</summary>
    public string Text { get; }

    /// <summary>Whether <see cref="Apply"/> can work with it.</summary>
    public bool IsKnown { get; private init; }

    /// <summary>Takes the template out of a model's metadata.</summary>
    public static ChatTemplate Of(SafeLlamaModelHandle model)
    {
        string text = model.MetadataValueByKey(Key) is { Length: > 0 } value ? Encoding.UTF8.GetString(value.Span).TrimEnd('\0') : Fallback;
        return new ChatTemplate(text) { IsKnown = CanApply(text) };
    }

    /// <summary>Writes the prompt, ending where the assistant's answer begins.</summary>
    /// <param name="messages">Who said what, in order.</param>
    public string Apply(IReadOnlyList<(string Role, string Content)> messages)
    {
        var template = new LLamaTemplate(Text) { AddAssistant = true };
        foreach ((string role, string content) in messages)
            template.Add(role, content);
        return Encoding.UTF8.GetString(template.Apply());
    }

    private static bool CanApply(string text)
    {
        try
        {
            return new ChatTemplate(text).Apply([("user", "x")]).Length > 0;
        }
        catch (Exception failure) when (failure is RuntimeError or MissingTemplateException)
        {
            return false;
        }
    }
}
