// Records that somebody may not have yet.
import { Problem } from "../../api/problem";

/** What is not there yet is no failure here. */
export async function orNone<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Problem && error.parts.status === 404) return null;
    throw error;
  }
}
