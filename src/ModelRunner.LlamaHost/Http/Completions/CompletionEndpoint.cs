using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ModelRunner.LlamaHost.Generation;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary><c>/v1/chat/completions</c> and <c>/v1/completions</c>: whole answers and streams of server-sent events.</summary>
internal sealed class CompletionEndpoint(HostState state, ICompletionShape shape)
{
    /// <summary>Answers one request.</summary>
    public async Task Answer(HttpContext context)
    {
        RunningEngine running = state.RequireEngine();
        if (running.Generation is not { } engine)
            throw ApiException.NotEnabled("this server makes embeddings only; start it without `--embeddings` for text");
        if (!running.Model.CanGenerate)
            throw ApiException.NotEnabled($"the model \"{state.Settings.ModelName}\" makes embeddings, no text");

        CompletionRequest request;
        using (JsonDocument document = await RequestBody.Read(context))
        {
            var body = new RequestBody(document.RootElement);
            UnsupportedFeatures.Refuse(body);
            request = CompletionRequestReader.Read(body, shape.ReadPrompt(body, running.Model), running.Model);
        }

        var job = new GenerationJob(request.Settings, context.RequestAborted);
        var answer = new CompletionAnswer(shape, state.Settings.ModelName, state.UnixSeconds());
        engine.Submit(job);
        if (request.IsStream)
            await Stream(context, job, answer, request.IncludesUsage);
        else
            await SendWhole(context, job, answer);
    }

    private static async Task SendWhole(HttpContext context, GenerationJob job, CompletionAnswer answer)
    {
        var text = new StringBuilder();
        await foreach (string piece in job.Text.ReadAllAsync(context.RequestAborted))
            text.Append(piece);

        GenerationOutcome outcome = job.Outcome!;
        if (outcome.Failure is { } failure)
            throw ApiException.Failed(failure);
        context.RequestAborted.ThrowIfCancellationRequested();
        await JsonAnswer.Send(context, 200, writer => answer.WriteWhole(writer, text.ToString(), outcome));
    }

    private async Task Stream(HttpContext context, GenerationJob job, CompletionAnswer answer, bool includesUsage)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        PipeWriter output = context.Response.BodyWriter;

        // A client that waits for a slot knows at once that its request was accepted.
        await output.FlushAsync(context.RequestAborted);
        if (shape.HasOpening)
            await Send(output, answer.Opening(), context.RequestAborted);
        await foreach (string piece in job.Text.ReadAllAsync(context.RequestAborted))
            await Send(output, answer.Piece(piece), context.RequestAborted);

        GenerationOutcome outcome = job.Outcome!;
        if (outcome.Failure is { } failure)
        {
            await Send(
                output, JsonAnswer.Object(writer => JsonAnswer.WriteError(writer, ApiException.Failed(failure))), context.RequestAborted);
            return;
        }

        await Send(output, answer.Last(outcome, includesUsage), context.RequestAborted);
        if (includesUsage)
            await Send(output, answer.Usage(outcome), context.RequestAborted);
        await Send(output, "[DONE]"u8.ToArray(), context.RequestAborted);
    }

    private static async Task Send(PipeWriter output, ReadOnlyMemory<byte> data, CancellationToken clientLeft)
    {
        output.Write("data: "u8);
        output.Write(data.Span);
        output.Write("\n\n"u8);
        await output.FlushAsync(clientLeft);
    }
}
