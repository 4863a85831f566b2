namespace ModelRunner.EndToEnd.Tests.Publishing;

/// <summary>Tests of the published program, which is published once for all of them. They run one after another.</summary>
[CollectionDefinition(nameof(PublishedGroup))]
public sealed class PublishedGroup : ICollectionFixture<PublishedFolder>;
