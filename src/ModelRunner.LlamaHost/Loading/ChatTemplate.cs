using System.Text;
using LLama;
using LLama.Exceptions;
using LLama.Native;
using ModelRunner.LlamaHost.Native;

namespace ModelRunner.LlamaHost.Loading;

/// <summary>
/// Formats messages as the prompt that a model was trained on. llama.cpp's library recognises some fifty templates by their text; other
/// templates are Jinja programs, which only llama-server can run.
/// </summary>
internal sealed class ChatTemplate
{
    private const string Key = "tokenizer.chat_template";

    // llama-server's default for a model without a template.
    private const string Fallback = "chatml";

    private ChatTemplate(string text) => Text = text;

    /// <summary>The template of the model, or the name of a well-known one.</summary>
    public string Text { get; }

    /// <summary>Whether <see cref="Apply"/> supports it.</summary>
    public bool IsKnown { get; private init; }

    /// <summary>
    /// Whether the template writes tool calls as JSON between tags, as those of Hermes and Qwen do. It is recognised by the tags in its
    /// text.
    /// </summary>
    public bool HasToolCalls => IsKnown && Text.Contains("<|im_start|>", StringComparison.Ordinal)
        && Text.Contains("<tool_call>", StringComparison.Ordinal) && Text.Contains("<tools>", StringComparison.Ordinal);

    /// <summary>Reads the template from a model's metadata.</summary>
    /// <param name="model">The model.</param>
    /// <param name="asked">A template to use instead, or the name of a well-known one; null: the model's own.</param>
    public static ChatTemplate Of(SafeLlamaModelHandle model, string? asked = null)
    {
        string text = asked ?? (MetadataApi.Find(model, Key) is { Length: > 0 } value ? value : Fallback);
        return new ChatTemplate(text) { IsKnown = CanApply(text) };
    }

    /// <summary>Writes the prompt, which ends where the assistant's response begins.</summary>
    /// <param name="messages">The messages with their roles, in order.</param>
    /// <param name="addsAssistant">False: the prompt ends with the last message.</param>
    public string Apply(IReadOnlyList<(string Role, string Content)> messages, bool addsAssistant = true)
    {
        // llama.cpp takes messages as C strings, which end at their first NUL. Another character replaces it meanwhile.
        char standIn = StandIn(messages);
        var template = new LLamaTemplate(Text) { AddAssistant = addsAssistant };
        foreach ((string role, string content) in messages)
            template.Add(role.Replace('\0', standIn), content.Replace('\0', standIn));
        string prompt = Encoding.UTF8.GetString(template.Apply());
        return standIn == '\0' ? prompt : prompt.Replace(standIn, '\0');
    }

    /// <summary>
    /// Whether the template writes the role unchanged. Templates that know only "system", "user" and "assistant" silently replace every
    /// other role by one of these.
    /// </summary>
    public bool Writes(string role) => Apply([(role, "x")]).Contains(role, StringComparison.Ordinal);

    // A private-use character that no message contains; NUL itself if no message contains NUL.
    private static char StandIn(IReadOnlyList<(string Role, string Content)> messages)
    {
        if (messages.All(message => !message.Role.Contains('\0') && !message.Content.Contains('\0')))
            return '\0';
        char standIn = '\uE000';
        while (messages.Any(message => message.Role.Contains(standIn) || message.Content.Contains(standIn)))
            standIn++;
        return standIn;
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
