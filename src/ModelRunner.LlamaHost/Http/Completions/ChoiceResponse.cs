using System.Runtime.CompilerServices;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>One of the answers to a request.</summary>
/// <param name="index">Its place among the answers, from 0.</param>
/// <param name="job">Its job.</param>
/// <param name="reader">Finds the calls of tools in it; null: there are no tools.</param>
internal sealed class ChoiceResponse(int index, GenerationJob job, ToolCallReader? reader)
{
    /// <summary>Its place among the answers, from 0.</summary>
    public int Index { get; } = index;

    /// <summary>What it came to, once all pieces are read.</summary>
    public GenerationOutcome Outcome => job.Outcome!;

    /// <summary>Why there is no answer; null: there is one.</summary>
    public ApiException? Error => Outcome.Failure is not { } failure ? null
        : Outcome.IsRequestsFault ? ApiException.Invalid(failure) : ApiException.Failed(failure);

    /// <summary>OpenAI's word for why it ended.</summary>
    public string FinishWord => Outcome.Reason == FinishReason.Length ? "length" : reader is { HasCalls: true } ? "tool_calls" : "stop";

    /// <summary>Its pieces, as they come. Read them once.</summary>
    public async IAsyncEnumerable<AnswerPiece> ReadAsync([EnumeratorCancellation] CancellationToken clientLeft)
    {
        await foreach (TextPiece text in job.Text.ReadAllAsync(clientLeft))
        {
            if (reader is null)
            {
                yield return new AnswerPiece(text.Text, null, job.Settings.Probabilities is null ? null : text.Tokens);
                continue;
            }

            foreach (AnswerPiece piece in reader.Add(text.Text))
                yield return piece;
        }

        foreach (AnswerPiece piece in reader?.Finish() ?? [])
            yield return piece;
    }
}
