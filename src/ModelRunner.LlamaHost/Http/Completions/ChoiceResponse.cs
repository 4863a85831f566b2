using System.Runtime.CompilerServices;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>One choice of a response.</summary>
/// <param name="index">Its index among the choices, from 0.</param>
/// <param name="job">Its job.</param>
/// <param name="reader">Finds the tool calls in it; null: there are no tools.</param>
internal sealed class ChoiceResponse(int index, GenerationJob job, ToolCallReader? reader)
{
    /// <summary>Its index among the choices, from 0.</summary>
    public int Index { get; } = index;

    /// <summary>Its result, once all pieces are read.</summary>
    public GenerationOutcome Outcome => job.Outcome!;

    /// <summary>Why it failed; null: it did not.</summary>
    public ApiException? Error => Outcome.Failure is not { } failure ? null
        : Outcome.IsRequestsFault ? ApiException.Invalid(failure) : ApiException.Failed(failure);

    /// <summary>OpenAI's name for the reason of its end.</summary>
    public string FinishWord => Outcome.Reason == FinishReason.Length ? "length" : reader is { HasCalls: true } ? "tool_calls" : "stop";

    /// <summary>Its pieces, as they arrive. Read them once.</summary>
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
