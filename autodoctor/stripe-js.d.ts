/** Stripe.js as far as the room uses it, as `@stripe/stripe-js` describes it. */
declare global {
  interface StripeAppearance {
    theme: "stripe" | "night";
    variables: Record<string, string>;
  }

  interface StripeError {
    type: string;
    code?: string;
    message?: string;
  }

  interface StripePaymentElement {
    mount(place: HTMLElement): void;
    destroy(): void;
    on(event: "ready" | "loaderror", handler: (event: { error?: StripeError }) => void): StripePaymentElement;
  }

  interface StripeElements {
    create(kind: "payment", options: object): StripePaymentElement;
    update(options: { appearance: StripeAppearance }): Promise<void>;
  }

  interface Stripe {
    elements(options: { clientSecret: string; appearance: StripeAppearance; locale: string }): StripeElements;
    confirmPayment(options: {
      elements: StripeElements;
      confirmParams: { return_url: string };
      redirect: "if_required";
    }): Promise<{ error?: StripeError; paymentIntent?: { status: string } }>;
  }

  var Stripe: ((key: string) => Stripe) | undefined;
}

export {};
