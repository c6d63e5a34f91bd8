// Streams that show one thing each. Must not know how they are run.
import type { StreamShape } from "./stream";
import { NO_REMEDIES, type Remedies } from "./variants";

export type Story = {
  title: string;
  text: string;
  shape: Omit<StreamShape, "seed">;
  remedies: Remedies;
};

const STEADY: Story["shape"] = {
  steps: 1000,
  mean: 1,
  noise: 0.05,
  meanAfter: null,
  changeAt: 500,
  meanHalfLife: null,
  noiseHalfLife: null,
};

export const STORIES = {
  predictable: {
    title: "Predictable: large steps",
    text:
      "The gradient hardly differs from its own mean. Adam divides by its size and steps by 1 learning rate, as " +
      "always. AdaBelief divides by how far it strays, and soon steps ten times as far: it believes what it sees.",
    shape: STEADY,
    remedies: NO_REMEDIES,
  },
  turning: {
    title: "It turns: small steps",
    text:
      "Half-way the gradient flips its sign, as on the other wall of a narrow valley. Its size stays, so Adam soon steps " +
      "back at full length. To AdaBelief the flip is a surprise: for a long while its steps are less than half of what they were.",
    shape: { ...STEADY, steps: 2000, noise: 0.02, meanAfter: -1, changeAt: 1000 },
    remedies: NO_REMEDIES,
  },
  annealing: {
    title: "Automatic annealing",
    text:
      "Near a minimum the mean shrinks and the noise stays. Signal drowns in noise, and both rules take smaller steps " +
      "at the same learning rate: Adam from 1 on down, AdaBelief from far higher.",
    shape: { ...STEADY, noise: 0.1, meanHalfLife: 150 },
    remedies: NO_REMEDIES,
  },
  late: {
    title: "The worry: late steps grow",
    text:
      "When the noise dies away, s shrinks with it, and AdaBelief’s steps grow though nothing new is learnt. Try " +
      "remedies: a bound (maxUpdate 1), amsgrad, which levels them off, or a larger eps (1e-6). Rectify only tames the first steps.",
    shape: { ...STEADY, steps: 3000, mean: 0.1, noise: 0.1, noiseHalfLife: 200 },
    remedies: NO_REMEDIES,
  },
} satisfies Record<string, Story>;

export type StoryName = keyof typeof STORIES;

export const STORY_NAMES = Object.keys(STORIES) as StoryName[];
