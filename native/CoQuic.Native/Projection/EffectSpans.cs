using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using CoQuic.Engine;

namespace CoQuic.Native;

/// <summary>A result's effects without an interface in between: every datagram's result is looked through more than once.</summary>
internal static class EffectSpans
{
    extension(EndpointResult result)
    {
        /// <summary>The effects. The engine's results have arrays, the projection's lists.</summary>
        public ReadOnlySpan<Effect> EffectSpan => result.Effects switch
        {
            Effect[] array => array,
            List<Effect> list => CollectionsMarshal.AsSpan(list),
            IReadOnlyList<Effect> others => (Effect[])[.. others],
        };
    }
}
