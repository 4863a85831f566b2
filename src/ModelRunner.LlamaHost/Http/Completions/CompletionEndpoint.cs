using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary><c>/v1/chat/completions</c> and <c>/v1/completions</c>: complete responses and streams of server-sent events.</summary>
internal sealed class CompletionEndpoint(HostState state, ICompletionShape shape)
{
    /// <summary>Handles one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        RunningEngine running = state.RequireEngine();
        if (running.Generation is not { } engine)
            throw ApiException.NotEnabled("this server makes embeddings only; start it without `--embeddings` for text");
        if (!running.Model.CanGenerate)
            throw ApiException.NotEnabled($"the model \"{state.Settings.ModelName}\" makes embeddings, no text");

        CompletionRequest request;
        ToolSet? tools;
        using (ReceivedBody received = await ReceivedBody.ReadAsync(context, state.BodyMemory))
        {
            RequestBody body = received.Members;
            NeutralMembers.Check(body);
            CheckOtherMembers(body);
            CompletionPrompt prompt = shape.ReadPrompt(body, running.Model);
            tools = prompt.Tools;
            request = CompletionRequestReader.Read(body, prompt.Prompts, running.Model, AnswerGrammar.Read(body, tools), tools is not null);
        }

        // However this method ends, it cancels its unfinished jobs.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        try
        {
            ChoiceResponse[] choices = Start(request, tools, running, engine, left.Token);
            var answer = new CompletionResponse(shape, running.Model, state.UnixSeconds());
            if (!request.IsStream)
            {
                await SendWholeAsync(context, choices, answer, request);
                return;
            }

            using var stream = new CompletionStream(context, shape, answer, request);
            await stream.SendAsync(choices, left);
        }
        finally
        {
            await left.CancelAsync();
        }
    }

    // Tools, schemas and grammars use several times their size.
    private static void CheckOtherMembers(RequestBody body)
    {
        foreach (JsonProperty member in body.Members())
        {
            if (member.Name is not ("messages" or "prompt"))
                MemoryLimits.OfProcess.CheckText(JsonMarshal.GetRawUtf8Value(member.Value).Length);
        }
    }

    private static ChoiceResponse[] Start(
        CompletionRequest request, ToolSet? tools, RunningEngine running, GenerationEngine engine, CancellationToken left)
    {
        var jobs = new List<GenerationJob>();
        foreach (GenerationSettings settings in request.Choices)
        {
            // All choices have the same grammar: an invalid one is found at the first, before anything is submitted.
            GrammarSampler? grammar = settings.Grammar is null ? null
                : GrammarSampler.TryCreate(running.Model.Model, settings.Grammar)
                    ?? throw ApiException.Invalid("llama.cpp cannot read the grammar: check its syntax, that it has a rule \"root\", "
                        + "and that no rule begins with itself");
            jobs.Add(new GenerationJob(settings, grammar, left));
        }

        jobs.ForEach(engine.Submit);
        return [.. jobs.Select((job, index) => new ChoiceResponse(index, job, tools is null ? null : new ToolCallReader(tools)))];
    }

    private static async Task SendWholeAsync(
        HttpContext context, ChoiceResponse[] choices, CompletionResponse answer, CompletionRequest request)
    {
        var wholes = new List<WholeResponse>();
        foreach (ChoiceResponse choice in choices)
        {
            var text = new StringBuilder();
            var calls = new List<ToolCall>();
            List<TokenProbability>? tokens = null;
            await foreach (AnswerPiece piece in choice.ReadAsync(context.RequestAborted))
            {
                text.Append(piece.Text);
                if (piece.Call is { } call)
                    calls.Add(call);
                if (piece.Tokens is { } more)
                    (tokens ??= []).AddRange(more);
            }

            if (choice.Error is { } error)
                throw error;
            context.RequestAborted.ThrowIfCancellationRequested();
            wholes.Add(new WholeResponse(choice, text.ToString(), calls, tokens));
        }

        GenerationOutcome sum = request.Sum(choices);
        await JsonResponse.SendAsync(context, 200, writer => answer.WriteWhole(writer, wholes, sum));
    }
}
