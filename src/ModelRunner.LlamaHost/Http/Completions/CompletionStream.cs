using System.Buffers;
using System.IO.Pipelines;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Sends the choices of one response as server-sent events, interleaved as their pieces arrive.</summary>
internal sealed class CompletionStream(HttpContext context, ICompletionShape shape, CompletionResponse answer, CompletionRequest request)
    : IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly CancellationToken _clientLeft = context.RequestAborted;
    private readonly PipeWriter _output = context.Response.BodyWriter;

    /// <summary>Sends all choices until they end.</summary>
    /// <param name="choices">The choices.</param>
    /// <param name="left">Cancelled here when a choice fails, which ends the others.</param>
    public async Task SendAsync(ChoiceResponse[] choices, CancellationTokenSource left)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";

        // A client that waits for a slot learns at once that its request was accepted.
        await _output.FlushAsync(_clientLeft);
        if (shape.HasOpening)
        {
            foreach (ChoiceResponse choice in choices)
                await SendAsync(answer.Opening(choice.Index));
        }

        await Task.WhenAll(choices.Select(choice => SendChoiceAsync(choice, left)));
        if (left.IsCancellationRequested)
            return;
        if (request.IncludesUsage)
            await SendAsync(answer.Usage(request.Sum(choices), hasTimings: choices.Length == 1));
        await SendAsync("[DONE]"u8.ToArray());
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private async Task SendChoiceAsync(ChoiceResponse choice, CancellationTokenSource left)
    {
        await foreach (AnswerPiece piece in choice.ReadAsync(_clientLeft))
            await SendAsync(answer.Piece(choice.Index, piece));

        if (left.IsCancellationRequested)
            return;
        if (choice.Error is not { } error)
        {
            await SendAsync(answer.Last(choice, hasTimings: !request.IncludesUsage || request.Choices.Count > 1));
            return;
        }

        // Two choices can fail at once; one error is reported.
        await left.CancelAsync();
        await SendAsync(JsonResponse.Object(writer => JsonResponse.WriteError(writer, error)));
    }

    private async Task SendAsync(ReadOnlyMemory<byte> data)
    {
        await _oneAtATime.WaitAsync(_clientLeft);
        try
        {
            _output.Write("data: "u8);
            _output.Write(data.Span);
            _output.Write("\n\n"u8);
            await _output.FlushAsync(_clientLeft);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }
}
