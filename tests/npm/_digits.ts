/** Trains on the digits and extracts features of images: the same program for Deno and for Node. */
import {
  classification,
  configure,
  cosineAnneal,
  extractFeatures,
  genericImageDataset,
  precomputed,
  precomputedFeatures,
  timm,
  train,
} from "@glovita/glovita";
import { readFileSync } from "node:fs";
import { join } from "node:path";
