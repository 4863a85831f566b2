using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Makes the prompt of a chat request.</summary>
internal static class ChatPrompt
{
    private const int MaxRoles = 16;

    /// <summary>Writes the prompt as text.</summary>
    /// <param name="body">The request.</param>
    /// <param name="model">The model.</param>
    /// <param name="tools">The tools that the model may call; null: none.</param>
    /// <exception cref="ApiException">The messages are invalid or too long, or the model's template cannot format them.</exception>
    public static string Write(RequestBody body, LoadedModel model, ToolSet? tools)
    {
        ChatTemplate template = model.ChatTemplate;
        MemoryLimits.OfProcess.CheckText(ChatMessages.FindTexts(body).Sum(PromptBytes.CountBytes));
        List<(string Role, string Content)> messages = [.. ChatMessages.Read(body, template.HasToolCalls, model.SlotTokens)];
        if (!template.IsKnown)
            throw ApiException.NeedsLlamaServer("this model's chat template, a Jinja program,");
        CheckRoles(messages, template);
        if (tools is not null)
        {
            if (messages[0].Role == "system")
                messages[0] = ("system", messages[0].Content + "\n\n" + tools.Describe());
            else
                messages.Insert(0, ("system", tools.Describe()));
        }

        return template.Apply(messages, body.Boolean("add_generation_prompt", true));
    }

    // LLamaSharp ends the process when a conversation has more than 128 roles.
    private static void CheckRoles(List<(string Role, string Content)> messages, ChatTemplate template)
    {
        string[] roles = [.. messages.Select(message => message.Role).Distinct(StringComparer.Ordinal)];
        if (roles.Length > MaxRoles)
            throw ApiException.Invalid(FormattableString.Invariant($"the messages have {roles.Length} different roles; at most {MaxRoles} can be used"));
        foreach (string role in roles.Where(role => role is not ("system" or "user" or "assistant")))
        {
            if (role.Length is 0 or > 64 || !template.Writes(role))
            {
                throw ApiException.Invalid($"the model's chat template has no role \"{(role.Length <= 64 ? role : role[..64] + "…")}\"; "
                    + "use system, developer, user or assistant");
            }
        }
    }
}
