using System.Text.Json;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>What differs between chat completions and plain ones: where the prompt comes from, and how an answer looks.</summary>
internal interface ICompletionShape
{
    /// <summary>OpenAI's word for a whole answer.</summary>
    string ObjectName { get; }

    /// <summary>OpenAI's word for one event of a stream.</summary>
    string ChunkName { get; }

    /// <summary>What the answers' numbers begin with.</summary>
    string IdPrefix { get; }

    /// <summary>Whether a stream begins with an event that tells the role.</summary>
    bool HasOpening { get; }

    /// <summary>Reads the prompts and the tools.</summary>
    /// <exception cref="ApiException">There is no prompt, or something of it cannot be used.</exception>
    CompletionPrompt ReadPrompt(RequestBody body, LoadedModel model);

    /// <summary>Writes the members of a whole answer's choice.</summary>
    void WriteWhole(Utf8JsonWriter writer, string text, IReadOnlyList<ToolCall> calls);

    /// <summary>Writes the members of the choice of a stream's first event.</summary>
    void WriteOpening(Utf8JsonWriter writer);

    /// <summary>Writes the members of the choice of an event.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="piece">A piece of the answer; null: the last event.</param>
    void WritePiece(Utf8JsonWriter writer, AnswerPiece? piece);
}
