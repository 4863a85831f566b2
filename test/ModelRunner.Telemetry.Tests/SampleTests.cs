using ModelRunner.Telemetry.Tests.Support;

namespace ModelRunner.Telemetry.Tests;

/// <summary>Responses of a real llama-server.</summary>
public sealed class SampleTests
{
    [Theory]
    [InlineData("chat.json", FigureSource.Timings, 18, 0, 12, FinishReason.Length, 0)]
    [InlineData("chat-cached.json", FigureSource.Timings, 1, 17, 12, FinishReason.Length, 0)]
    [InlineData("chat.sse", FigureSource.Timings, 1, 17, 12, FinishReason.Length, 12)]
    [InlineData("chat-usage.sse", FigureSource.Timings, 1, 17, 12, FinishReason.Length, 12)]
    [InlineData("chat-timings.sse", FigureSource.Timings, 1, 17, 12, FinishReason.Length, 12)]
    [InlineData("completion.json", FigureSource.Timings, 4, 1, 8, FinishReason.Length, 0)]
    [InlineData("completion.sse", FigureSource.Timings, 1, 4, 8, FinishReason.Length, 8)]
    [InlineData("completion-usage.sse", FigureSource.Timings, 1, 4, 8, FinishReason.Length, 8)]
    [InlineData("completion-logprobs.sse", FigureSource.Timings, 1, 4, 2, FinishReason.Length, 2)]
    [InlineData("native.json", FigureSource.Timings, 1, 4, 4, FinishReason.Length, 0)]
    [InlineData("native.sse", FigureSource.Timings, 1, 4, 4, FinishReason.Length, 4)]
    [InlineData("responses.json", FigureSource.Usage, 5, 9, 8, FinishReason.Stop, 0)]
    [InlineData("responses.sse", FigureSource.Timings, 1, 13, 8, FinishReason.Stop, 8)]
    [InlineData("messages.json", FigureSource.Usage, 9, 9, 12, FinishReason.Length, 0)]
    [InlineData("messages.sse", FigureSource.Usage, 1, 17, 12, FinishReason.Length, 12)]
    [InlineData("embedding.json", FigureSource.Usage, 8, 0, 0, FinishReason.None, 0)]
    [InlineData("embedding-2.json", FigureSource.Usage, 22, 0, 0, FinishReason.None, 0)]
    [InlineData("embedding-base64.json", FigureSource.Usage, 8, 0, 0, FinishReason.None, 0)]
    [InlineData("rerank.json", FigureSource.Usage, 13, 0, 0, FinishReason.None, 0)]
    [InlineData("count-tokens.json", FigureSource.None, 0, 0, 0, FinishReason.None, 0)]
    [InlineData("tokenize.json", FigureSource.None, 0, 0, 0, FinishReason.None, 0)]
    public void The_counts_of_a_response_are_read(
        string name, FigureSource source, long prompt, long cached, long generated, FinishReason finish, long events)
    {
        Sample sample = Sample.Get(name);
        ResponseFigures figures = Body.InParts(sample.Body, sample.Format);

        // In a real response both counts agree.
        Assert.True(figures.UsageDrift is null or (0, 0));
        Assert.Equal(
            new ResponseFigures
            {
                Source = source, PromptTokens = prompt, CachedTokens = cached, GeneratedTokens = generated, Finish = finish, ContentEvents = events,
                ContextTokens = source == FigureSource.Timings ? prompt + cached + generated : null,
            },
            figures with { UsageDrift = null });
    }

    [Theory]
    [InlineData("draft.json", 18, 0, 0)]
    [InlineData("draft.sse", 1, 17, 6)]
    public void Draft_tokens_are_read(string name, long prompt, long cached, long events)
    {
        Sample sample = Sample.Get(name);

        Assert.Equal(
            new ResponseFigures
            {
                Source = FigureSource.Timings, PromptTokens = prompt, CachedTokens = cached, GeneratedTokens = 6, DraftTokens = 6,
                AcceptedDraftTokens = 3, Finish = FinishReason.Length, ContentEvents = events, ContextTokens = prompt + cached + 6,
                UsageDrift = name.EndsWith(".json", StringComparison.Ordinal) ? (0, 0) : null,
            },
            Body.InParts(sample.Body, sample.Format));
    }

    /// <summary>
    /// llama-server added 18 prompt tokens and 12 generated ones to its own counters for the first of these. Its JSON has the counts of one of
    /// three choices: its counters grew by 18 generated tokens.
    /// </summary>
    [Theory]
    [InlineData("chat-n2.sse", 18, 0, 12, false)]
    [InlineData("chat-n2-usage.sse", 1, 17, 24, false)]
    [InlineData("completion-2prompts.sse", 1, 4, 8, false)]
    [InlineData("chat-n3.json", 10, 4, 6, true)]
    public void Choices_are_added_if_the_engine_reports_each(string name, long prompt, long cached, long generated, bool isPartial)
    {
        Sample sample = Sample.Get(name);
        ResponseFigures figures = Body.InParts(sample.Body, sample.Format);

        Assert.Equal(
            (FigureSource.Timings, prompt, cached, generated, isPartial, false),
            (figures.Source, figures.PromptTokens, figures.CachedTokens, figures.GeneratedTokens, figures.IsPartial, figures.IsLost));
    }

    [Fact]
    public void An_error_is_seen()
    {
        ResponseFigures figures = Body.InParts(Sample.Get("error.json").Body, ResponseFormat.Json);

        Assert.Equal(new ResponseFigures { Source = FigureSource.None, HasError = true }, figures);
    }

    [Fact]
    public void It_does_not_matter_where_a_response_is_split() => Assert.All(Sample.All, static sample =>
    {
        ResponseFigures whole = Body.InParts(sample.Body, sample.Format);

        Assert.Equal(whole, Body.ByteByByte(sample.Body, sample.Format));
        for (int cut = 0; cut <= sample.Body.Length; cut++)
            Assert.Equal(whole, Body.InParts(sample.Body, sample.Format, cut));
    });

    [Fact]
    public void A_slow_reader_finds_the_same() => Assert.All(Sample.All, static sample =>
        Assert.Equal(ReferenceReader.Read(sample.Body, sample.Format), Body.InParts(sample.Body, sample.Format)));

    [Fact]
    public void A_truncated_document_counts_for_nothing_and_is_lost() => Assert.All(
        Sample.All.Where(static sample => sample.Format == ResponseFormat.Json), static sample =>
        {
            for (int length = 1; length < sample.Body.Length; length++)
                Assert.Equal(
                    new ResponseFigures { Source = FigureSource.None, IsLost = true }, Body.InParts(sample.Body[..length], sample.Format));
        });

    [Fact]
    public void A_truncated_stream_counts_its_events()
    {
        Sample sample = Sample.Get("chat.sse");
        int last = sample.Body.AsSpan().IndexOf("\"length\""u8);
        var reader = new ResponseReader(ResponseFormat.Events);
        reader.Read(sample.Body.AsSpan(0, last));

        Assert.Equal(
            new ResponseFigures { Source = FigureSource.Events, GeneratedTokens = 12, ContentEvents = 12 }, reader.Figures);
        Assert.True(reader.IsEndMissing);
    }

    [Fact]
    public void The_first_token_is_not_the_event_with_the_role()
    {
        Sample sample = Sample.Get("chat.sse");
        int second = sample.Body.AsSpan().IndexOf("\n\n"u8) + 2;
        int third = second + sample.Body.AsSpan(second).IndexOf("\n\n"u8) + 2;
        var reader = new ResponseReader(ResponseFormat.Events);

        reader.Read(sample.Body.AsSpan(0, second));
        Assert.False(reader.HasContent);
        reader.Read(sample.Body.AsSpan(second, third - second));
        Assert.True(reader.HasContent);
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        (Sample Sample, ResponseReader Reader)[] warm = Make();
        (Sample Sample, ResponseReader Reader)[] measured = Make();
        ReadAll(warm);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadAll(measured);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        static (Sample, ResponseReader)[] Make() =>
            [.. Sample.All.Select(static sample => (sample, new ResponseReader(sample.Format)))];

        static void ReadAll((Sample Sample, ResponseReader Reader)[] all)
        {
            foreach ((Sample sample, ResponseReader reader) in all)
            {
                for (int i = 0; i < sample.Body.Length; i += 7)
                    reader.Read(sample.Body.AsSpan(i, Math.Min(7, sample.Body.Length - i)));
                reader.Complete();
                _ = reader.Figures;
            }
        }
    }
}
