using System.Text.Json;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>The differences between chat and plain completions: the source of the prompt, and the format of the response.</summary>
internal interface ICompletionShape
{
    /// <summary>OpenAI's object name of a complete response.</summary>
    string ObjectName { get; }

    /// <summary>OpenAI's object name of a stream's event.</summary>
    string ChunkName { get; }

    /// <summary>The prefix of response ids.</summary>
    string IdPrefix { get; }

    /// <summary>Whether a stream begins with an event with the role.</summary>
    bool HasOpening { get; }

    /// <summary>Reads the prompts and the tools.</summary>
    /// <exception cref="ApiException">There is no prompt, or a part of it cannot be used.</exception>
    CompletionPrompt ReadPrompt(RequestBody body, LoadedModel model);

    /// <summary>Writes the members of a choice in a complete response.</summary>
    void WriteWhole(Utf8JsonWriter writer, string text, IReadOnlyList<ToolCall> calls);

    /// <summary>Writes the members of a choice in a stream's first event.</summary>
    void WriteOpening(Utf8JsonWriter writer);

    /// <summary>Writes the members of a choice in an event.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="piece">A piece of the response; null: the last event.</param>
    void WritePiece(Utf8JsonWriter writer, AnswerPiece? piece);
}
